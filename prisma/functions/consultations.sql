-- The life of a consultation: set up, started, its end announced, completed or cancelled.

-- p_link: { id, tokenHash }. Between people who know each other it goes on at once. For everybody else the patient is
-- asked, whether the address was known before or is new: the answer is the same. p_circle: addresses whose owners know
-- each other without having met, those of the demo people.
CREATE OR REPLACE FUNCTION create_consultation(
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
  IF NOT is_practitioner(p_user) THEN RETURN '{"outcome": "not-allowed"}'; END IF;

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

-- Start, complete or cancel. p_from is the only state the move is legal from; being there already is no change. Of an
-- end that was announced the note is used, unless another one is given now.
CREATE OR REPLACE FUNCTION change_consultation_status(
  p_session uuid, p_user uuid, p_consultation uuid, p_from "ConsultationStatus", p_to "ConsultationStatus",
  p_line_id uuid, p_line jsonb, p_relay uuid
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_turn record;
  v_refusal jsonb;
  v_was consultations;
BEGIN
  SELECT * INTO v_turn FROM take_turn(p_consultation);
  v_refusal := refusal_of_leading(p_session, p_user, p_consultation);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;

  SELECT * INTO v_was FROM consultations WHERE id = p_consultation;
  IF v_was.status = p_to THEN RETURN '{"outcome": "unchanged", "event": null}'; END IF;
  IF v_was.status <> p_from THEN
    RETURN jsonb_build_object(
      'outcome', CASE p_from WHEN 'IN_PROGRESS' THEN 'consultation-not-in-progress' ELSE 'consultation-state' END,
      'details', jsonb_build_object('status', v_was.status));
  END IF;

  UPDATE consultations SET
      status = p_to,
      started_at = CASE p_to WHEN 'IN_PROGRESS' THEN v_turn.at ELSE started_at END,
      ended_at = CASE WHEN p_to IN ('COMPLETED', 'CANCELLED') THEN v_turn.at ELSE ended_at END,
      closes_at = NULL, closing_by = NULL, closing_note = NULL
    WHERE id = p_consultation;
  RETURN append_line(
    p_consultation, v_turn.next_seq, v_turn.at, 'consultation-status-changed', p_user, p_line_id,
    p_line || CASE p_to
      WHEN 'COMPLETED' THEN jsonb_build_object('closingNote', coalesce(p_line->>'closingNote', v_was.closing_note))
      ELSE '{}' END,
    jsonb_build_object('status', p_to), p_relay);
END $$;

-- Says that it completes p_after_seconds from now, by itself; until then everything goes on.
CREATE OR REPLACE FUNCTION announce_completion(
  p_session uuid, p_user uuid, p_consultation uuid, p_after_seconds integer, p_closing_note text, p_relay uuid
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_turn record;
  v_refusal jsonb;
  v_was consultations;
  v_closes_at timestamptz(3);
BEGIN
  SELECT * INTO v_turn FROM take_turn(p_consultation);
  v_refusal := refusal_of_leading(p_session, p_user, p_consultation);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;

  SELECT * INTO v_was FROM consultations WHERE id = p_consultation;
  IF v_was.closes_at IS NOT NULL OR v_was.status = 'COMPLETED' THEN RETURN '{"outcome": "unchanged", "event": null}'; END IF;
  IF v_was.status <> 'IN_PROGRESS' THEN
    RETURN jsonb_build_object(
      'outcome', 'consultation-not-in-progress', 'details', jsonb_build_object('status', v_was.status));
  END IF;

  v_closes_at := v_turn.at + make_interval(secs => p_after_seconds);
  UPDATE consultations SET closes_at = v_closes_at, closing_by = p_user, closing_note = p_closing_note
    WHERE id = p_consultation;
  RETURN append_line(
    p_consultation, v_turn.next_seq, v_turn.at, 'consultation-status-changed', p_user, new_message_id(),
    jsonb_build_object('type', 'consultation-closing', 'closesAt', iso(v_closes_at)),
    '{"status": "IN_PROGRESS"}', p_relay);
END $$;

-- Takes the announced end back; nothing announced is no change.
CREATE OR REPLACE FUNCTION withdraw_completion(p_session uuid, p_user uuid, p_consultation uuid, p_relay uuid)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_turn record;
  v_refusal jsonb;
BEGIN
  SELECT * INTO v_turn FROM take_turn(p_consultation);
  v_refusal := refusal_of_leading(p_session, p_user, p_consultation);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;

  UPDATE consultations SET closes_at = NULL, closing_by = NULL, closing_note = NULL
    WHERE id = p_consultation AND closes_at IS NOT NULL;
  IF NOT FOUND THEN RETURN '{"outcome": "unchanged", "event": null}'; END IF;
  RETURN append_line(
    p_consultation, v_turn.next_seq, v_turn.at, 'consultation-status-changed', p_user, new_message_id(),
    '{"type": "consultation-continued"}', '{"status": "IN_PROGRESS"}', p_relay);
END $$;

-- Completes what was announced and is due, in the name of whoever announced it. Any number of processes may ask at
-- once: each passes over a consultation whose turn somebody has and finds it a moment later, so none waits for another.
CREATE OR REPLACE FUNCTION complete_due_consultations(p_relay uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
  v_id uuid;
  v_due consultations;
  v_turn record;
  v_appended jsonb := '[]';
BEGIN
  FOR v_id IN
    SELECT c.id FROM consultations c JOIN consultation_heads h ON h.consultation_id = c.id
    WHERE c.closes_at <= v_now
    ORDER BY c.closes_at LIMIT 50
    FOR NO KEY UPDATE OF h SKIP LOCKED
  LOOP
    SELECT * INTO v_turn FROM take_turn(v_id);
    -- Read again: it may have been completed or continued before the turn was ours.
    SELECT * INTO v_due FROM consultations WHERE id = v_id AND closes_at <= v_now;
    CONTINUE WHEN NOT FOUND;

    UPDATE consultations SET
        status = 'COMPLETED', ended_at = v_turn.at, closes_at = NULL, closing_by = NULL, closing_note = NULL
      WHERE id = v_id;
    v_appended := v_appended || append_line(
      v_id, v_turn.next_seq, v_turn.at, 'consultation-status-changed', v_due.closing_by, new_message_id(),
      jsonb_build_object('type', 'consultation-completed', 'closingNote', v_due.closing_note),
      '{"status": "COMPLETED"}', p_relay);
  END LOOP;
  RETURN jsonb_build_object('outcome', 'ok', 'appended', v_appended);
END $$;
