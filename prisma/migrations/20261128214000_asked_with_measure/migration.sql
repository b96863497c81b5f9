-- Asking has a measure, the people of a demonstration know each other, and an answer reaches no further than whom it is given.

-- Ten mails a day from one practitioner to one person: declining would be of no use where it only brings the next. The
-- same for an address that nobody has.
CREATE FUNCTION refusal_of_asking(p_user uuid, p_asked uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN count(*) >= 10 THEN jsonb_build_object(
    'outcome', 'rate-limited',
    'retryAfterSeconds', ceil(extract(epoch FROM min(created_at) + interval '1 day' - clock_timestamp())))
  END
  FROM (
    SELECT created_at FROM invitations
    WHERE invited_by = p_user AND user_id = p_asked AND created_at > clock_timestamp() - interval '1 day'
    ORDER BY created_at DESC LIMIT 10
  ) AS latest
$$;

-- As before. p_circle: addresses whose owners know each other without having met, those of the demo people.
CREATE FUNCTION create_consultation(
  p_session uuid, p_user uuid, p_id uuid, p_email text, p_name text, p_subject text, p_scheduled_for timestamptz,
  p_locale text, p_link jsonb, p_circle text[]
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_request bytea := sha256(convert_to(
    jsonb_build_array(p_email, p_name, p_subject, iso(p_scheduled_for))::text, 'UTF8'));
  v_now timestamptz(3) := clock_timestamp();
  v_known consultations;
  v_patient users;
  v_friends boolean;
  v_refusal jsonb;
BEGIN
  IF NOT session_is_live(p_session, p_user) THEN RETURN '{"outcome": "session-ended"}'; END IF;
  IF NOT EXISTS (SELECT FROM users WHERE id = p_user AND role = 'PRACTITIONER') THEN
    RETURN '{"outcome": "not-allowed"}';
  END IF;

  -- Of two requests with one id the second finds what the first has done.
  PERFORM pg_advisory_xact_lock(hashtextextended(p_id::text, 72707373));
  SELECT * INTO v_known FROM consultations WHERE id = p_id;
  IF FOUND THEN
    IF v_known.created_by = p_user AND v_known.request_hash = v_request AND is_participant(p_id, p_user) THEN
      RETURN jsonb_build_object(
        'outcome', 'repeat', 'consultation', row_json(p_id, p_user),
        -- Only where it is this very call, whose first answer was lost: a later one brings another id.
        'invitation', (
          SELECT jsonb_build_object('expiresAt', iso(i.expires_at)) FROM invitations i
          WHERE i.id = (p_link->>'id')::uuid AND invitation_is_open(i)));
    END IF;
    RETURN '{"outcome": "id-conflict"}';
  END IF;
  -- Clocks differ, and filling in a form takes its time.
  IF p_scheduled_for < v_now - interval '5 minutes' THEN
    RETURN '{"outcome": "validation-failed", "details": {"fields": {"scheduledFor": "past"}}}';
  END IF;

  -- Held to the end: nobody accepts anything in between.
  SELECT * INTO v_patient FROM users WHERE email = p_email FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    INSERT INTO users (id, email, name, role, password_hash, invited_at)
      VALUES (gen_random_uuid(), p_email, p_name, 'PATIENT', '', v_now)
      ON CONFLICT (email) DO NOTHING;
    SELECT * INTO v_patient FROM users WHERE email = p_email FOR NO KEY UPDATE;
  END IF;
  v_friends := know_each_other(p_user, v_patient.id)
    OR (p_email = ANY (p_circle) AND EXISTS (SELECT FROM users WHERE id = p_user AND email = ANY (p_circle)));
  IF v_patient.role <> 'PATIENT' OR (v_friends AND v_patient.disabled_at IS NOT NULL) THEN
    RETURN '{"outcome": "validation-failed", "details": {"fields": {"patientEmail": "not-a-patient"}}}';
  END IF;

  IF NOT v_friends THEN
    v_refusal := refusal_of_asking(p_user, v_patient.id);
    IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;
  END IF;

  INSERT INTO consultations (id, subject, scheduled_for, created_at, created_by, request_hash)
    VALUES (p_id, p_subject, p_scheduled_for, v_now, p_user, v_request);
  INSERT INTO participants (consultation_id, user_id, asked_at, asked_name) VALUES
    (p_id, p_user, NULL, NULL),
    (p_id, v_patient.id, CASE WHEN NOT v_friends THEN v_now END, CASE WHEN NOT v_friends THEN p_name END);
  IF NOT v_friends THEN PERFORM add_invitation(p_link, v_patient.id, p_id, p_user, p_locale); END IF;
  RETURN jsonb_build_object(
    'outcome', 'created', 'consultation', row_json(p_id, p_user),
    'invitation', (
      SELECT jsonb_build_object('expiresAt', iso(i.expires_at)) FROM invitations i WHERE i.id = (p_link->>'id')::uuid));
END $$;

-- For processes of an earlier version, which know of no circle.
CREATE OR REPLACE FUNCTION create_consultation(
  p_session uuid, p_user uuid, p_id uuid, p_email text, p_name text, p_subject text, p_scheduled_for timestamptz,
  p_locale text, p_link jsonb
) RETURNS jsonb LANGUAGE sql AS $$
  SELECT create_consultation(
    p_session, p_user, p_id, p_email, p_name, p_subject, p_scheduled_for, p_locale, p_link, '{}'::text[])
$$;

-- As before, and "the same practitioners" are those who still take part in what is accepted and in what it counts for: who
-- invited once and has left is nobody whom the patient gets to know by this.
CREATE OR REPLACE FUNCTION accept_asked(p_consultation uuid, p_user uuid, p_relay uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_ids uuid[];
  v_id uuid;
  v_turn record;
  v_appended jsonb := '[]';
BEGIN
  -- From here on nobody is taken out of any of them.
  SELECT coalesce(array_agg(locked.consultation_id), '{}') INTO v_ids FROM (
    SELECT h.consultation_id FROM consultation_heads h
    WHERE h.consultation_id IN (
      SELECT i.consultation_id FROM invitations i
      WHERE i.user_id = p_user AND is_asked(i.consultation_id, p_user) AND (
        i.consultation_id = p_consultation
        OR (is_participant(p_consultation, i.invited_by) AND is_participant(i.consultation_id, i.invited_by))))
    ORDER BY h.consultation_id FOR NO KEY UPDATE
  ) AS locked;
  FOREACH v_id IN ARRAY v_ids LOOP
    CONTINUE WHEN NOT is_asked(v_id, p_user);
    SELECT * INTO v_turn FROM take_turn(v_id);
    -- Later than everybody's, as add_participant() has it: in the order of the log.
    UPDATE participants SET asked_at = NULL, asked_name = NULL, joined_at = (
        SELECT greatest(v_turn.at, max(joined_at) + interval '1 millisecond')
        FROM participants WHERE consultation_id = v_id)
      WHERE consultation_id = v_id AND user_id = p_user;
    UPDATE invitations SET accepted_at = clock_timestamp()
      WHERE consultation_id = v_id AND user_id = p_user AND accepted_at IS NULL;
    v_appended := v_appended || append_line(
      v_id, v_turn.next_seq, v_turn.at, 'user-joined', p_user, new_message_id(),
      jsonb_build_object('type', 'user-joined', 'userId', p_user), jsonb_build_object('userId', p_user), p_relay);
  END LOOP;
  RETURN v_appended;
END $$;

-- As before, with measure.
CREATE OR REPLACE FUNCTION renew_invitation(p_session uuid, p_user uuid, p_consultation uuid, p_locale text, p_link jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_invited users := lock_invited(p_consultation);
  v_refusal jsonb;
BEGIN
  PERFORM take_turn(p_consultation);
  v_refusal := refusal_of_leading(p_session, p_user, p_consultation);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;
  IF v_invited.id IS NULL OR NOT is_asked(p_consultation, v_invited.id) THEN
    RETURN '{"outcome": "invitation-closed"}';
  END IF;
  v_refusal := refusal_of_membership_change(p_consultation);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;

  -- Known already: this very call, whose first answer was lost.
  IF NOT EXISTS (SELECT FROM invitations WHERE id = (p_link->>'id')::uuid) THEN
    v_refusal := refusal_of_asking(p_user, v_invited.id);
    IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;
    DELETE FROM mail_outbox o USING invitations i
      WHERE i.id = o.invitation_id AND i.consultation_id = p_consultation
        AND o.state = 'waiting' AND (o.not_before IS NULL OR o.not_before <= clock_timestamp());
    PERFORM add_invitation(p_link, v_invited.id, p_consultation, p_user, p_locale);
  END IF;
  RETURN jsonb_build_object('outcome', 'ok', 'invitation', invitation_json(p_consultation, v_invited.id));
END $$;
