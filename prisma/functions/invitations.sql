-- Whoever is new to a patient asks first (decision 045). The patient answers by the link in their mailbox or, signed
-- in, by the request in their list; until they accept they take no part.

-- Whether a link still lets its reader answer: only while they are asked.
CREATE OR REPLACE FUNCTION invitation_is_open(i invitations) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT i.accepted_at IS NULL AND i.expires_at > clock_timestamp() AND is_asked(i.consultation_id, i.user_id)
    AND EXISTS (SELECT FROM users u WHERE u.id = i.user_id AND u.disabled_at IS NULL)
$$;

-- The newest invitation of somebody who was asked and has not answered yet; null: nothing is asked of them.
CREATE OR REPLACE FUNCTION invitation_json(p_consultation uuid, p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('invitedAt', iso(i.created_at), 'expiresAt', iso(i.expires_at))
  FROM invitations i
  WHERE i.consultation_id = p_consultation AND i.user_id = p_user AND is_asked(p_consultation, p_user)
  ORDER BY i.created_at DESC LIMIT 1
$$;

-- Ten mails a day from one practitioner to one person: declining would be of no use where it only brings the next. The
-- same for an address that nobody has.
CREATE OR REPLACE FUNCTION refusal_of_asking(p_user uuid, p_asked uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
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

-- A link for whoever is asked, and the mail that brings it.
CREATE OR REPLACE FUNCTION add_invitation(p_link jsonb, p_user uuid, p_consultation uuid, p_invited_by uuid, p_locale text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz(3) := clock_timestamp();
BEGIN
  INSERT INTO invitations (id, user_id, consultation_id, invited_by, locale, token_hash, created_at, expires_at)
    VALUES ((p_link->>'id')::uuid, p_user, p_consultation, p_invited_by, p_locale,
            decode(p_link->>'tokenHash', 'hex'), v_now, v_now + interval '7 days');
  INSERT INTO mail_outbox (id, kind, user_id, consultation_id, invitation_id, created_at)
    VALUES (gen_random_uuid(), 'invitation', p_user, p_consultation, (p_link->>'id')::uuid, v_now);
END $$;

-- Whoever holds a link learns who asks for what, and of a request that was taken back that it was. "account": whether
-- its owner signs in to answer, or makes the account first.
CREATE OR REPLACE FUNCTION read_invitation(p_token_hash bytea) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    (SELECT CASE
       WHEN invitation_is_open(i) THEN jsonb_build_object(
         'outcome', 'ok', 'userId', u.id, 'account', u.invited_at IS NULL, 'name', p.asked_name, 'email', u.email,
         'inviter', jsonb_build_object('name', inviter.name, 'role', inviter.role),
         'subject', c.subject, 'status', c.status, 'scheduledFor', iso(c.scheduled_for))
       WHEN p.asked_at IS NOT NULL AND p.left_at IS NOT NULL AND NOT EXISTS (
         SELECT FROM messages m
         WHERE m.consultation_id = c.id AND m.system->>'invitation' = 'declined' AND (m.system->>'userId')::uuid = u.id
       ) THEN '{"outcome": "not-found", "details": {"reason": "withdrawn"}}'
     END
     FROM invitations i
       JOIN users u ON u.id = i.user_id
       JOIN users inviter ON inviter.id = i.invited_by
       JOIN consultations c ON c.id = i.consultation_id
       JOIN participants p ON p.consultation_id = c.id AND p.user_id = u.id
     WHERE i.token_hash = p_token_hash),
    '{"outcome": "not-found"}')
$$;

-- ── Answering ────────────────────────────────────────────────────────────────────────────────────────────────────────

-- Whoever answers has locked the account first and takes turns after it, in one order, as all who ask do.

-- p_user, who was asked to this consultation, accepts, and with it whatever else the same practitioners have asked:
-- they know each other from now on. The same are those who still take part in what is accepted and in what it counts
-- for: who invited once and has left is nobody whom the patient gets to know by this. "appended": what each
-- consultation has got.
CREATE OR REPLACE FUNCTION accept_asked(p_consultation uuid, p_user uuid, p_relay uuid)
RETURNS jsonb LANGUAGE plpgsql AS $$
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

-- By somebody who has no password yet, with the link that reached their mailbox. Others who have asked go on waiting:
-- they are answered one by one.
CREATE OR REPLACE FUNCTION accept_invitation(p_token_hash bytea, p_name text, p_password_hash text, p_relay uuid)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_invitation invitations;
  v_user users;
  v_appended jsonb := '[]';
BEGIN
  SELECT * INTO v_invitation FROM invitations WHERE token_hash = p_token_hash;
  IF NOT FOUND THEN RETURN '{"outcome": "not-found"}'; END IF;
  SELECT * INTO v_user FROM users WHERE id = v_invitation.user_id FOR NO KEY UPDATE;
  -- Hashes are salted: the same one comes from this very call, whose first answer was lost.
  IF v_user.password_hash <> p_password_hash THEN
    IF v_user.invited_at IS NULL THEN RETURN '{"outcome": "not-found"}'; END IF;
    PERFORM take_turn(v_invitation.consultation_id);
    IF NOT EXISTS (SELECT FROM invitations i WHERE i.id = v_invitation.id AND invitation_is_open(i)) THEN
      RETURN read_invitation(p_token_hash);
    END IF;
    UPDATE users SET name = p_name, password_hash = p_password_hash, invited_at = NULL WHERE id = v_user.id;
    v_appended := accept_asked(v_invitation.consultation_id, v_user.id, p_relay);
  END IF;
  RETURN jsonb_build_object(
    'outcome', 'ok', 'userId', v_user.id, 'consultationId', v_invitation.consultation_id, 'appended', v_appended);
END $$;

-- By somebody who is signed in. What was answered already is no change; who declined is asked anew only in another
-- consultation. A participant has nothing to decline.
CREATE OR REPLACE FUNCTION answer_request(p_session uuid, p_user uuid, p_consultation uuid, p_accepted boolean, p_relay uuid)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_turn record;
BEGIN
  PERFORM FROM users WHERE id = p_user FOR NO KEY UPDATE;
  IF NOT session_is_live(p_session, p_user) THEN RETURN '{"outcome": "session-ended"}'; END IF;
  IF p_accepted THEN
    IF is_participant(p_consultation, p_user) THEN RETURN '{"outcome": "ok", "appended": []}'; END IF;
    IF NOT is_asked(p_consultation, p_user) THEN RETURN '{"outcome": "not-found"}'; END IF;
    RETURN jsonb_build_object('outcome', 'ok', 'appended', accept_asked(p_consultation, p_user, p_relay));
  END IF;

  SELECT * INTO v_turn FROM take_turn(p_consultation);
  IF is_participant(p_consultation, p_user) THEN RETURN '{"outcome": "invitation-closed"}'; END IF;
  IF NOT is_asked(p_consultation, p_user) THEN
    RETURN CASE
      WHEN EXISTS (SELECT FROM participants
                   WHERE consultation_id = p_consultation AND user_id = p_user AND asked_at IS NOT NULL)
        THEN '{"outcome": "ok", "appended": []}'::jsonb
      ELSE '{"outcome": "not-found"}' END;
  END IF;
  UPDATE participants SET left_at = v_turn.at WHERE consultation_id = p_consultation AND user_id = p_user;
  RETURN jsonb_build_object('outcome', 'ok', 'appended', jsonb_build_array(append_line(
    p_consultation, v_turn.next_seq, v_turn.at, 'user-left', p_user, new_message_id(),
    jsonb_build_object('type', 'user-left', 'userId', p_user, 'invitation', 'declined'),
    jsonb_build_object('userId', p_user), p_relay)));
END $$;

-- ── Asking again, and taking it back ─────────────────────────────────────────────────────────────────────────────────

-- Whom a consultation was set up for with an invitation. Whoever accepts, renews or withdraws one takes the account
-- first and turns after it, so that of two at once one is first and neither waits for the other in a circle.
CREATE OR REPLACE FUNCTION lock_invited(p_consultation uuid) RETURNS users LANGUAGE sql AS $$
  SELECT u.* FROM users u
  WHERE u.id = (SELECT i.user_id FROM invitations i WHERE i.consultation_id = p_consultation LIMIT 1)
  FOR NO KEY UPDATE OF u
$$;

-- Writes to them again, with a new link that is good for another week; earlier ones go on until they end. A mail that
-- has not left yet is replaced.
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

-- Takes out whoever has not answered yet; with that no link of this consultation opens anything. Their sockets need no
-- ending, and pushes no hints: nothing of it ever reached them.
CREATE OR REPLACE FUNCTION withdraw_invitation(p_session uuid, p_user uuid, p_consultation uuid, p_relay uuid)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_invited users := lock_invited(p_consultation);
  v_turn record;
  v_refusal jsonb;
BEGIN
  SELECT * INTO v_turn FROM take_turn(p_consultation);
  v_refusal := refusal_of_leading(p_session, p_user, p_consultation);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;
  IF v_invited.id IS NULL OR EXISTS (
    SELECT FROM participants WHERE consultation_id = p_consultation AND user_id = v_invited.id AND asked_at IS NULL
  ) THEN
    RETURN '{"outcome": "invitation-closed"}';
  END IF;
  IF NOT is_asked(p_consultation, v_invited.id) THEN RETURN '{"outcome": "unchanged", "event": null}'; END IF;

  UPDATE participants SET left_at = v_turn.at WHERE consultation_id = p_consultation AND user_id = v_invited.id;
  RETURN append_line(
    p_consultation, v_turn.next_seq, v_turn.at, 'user-left', p_user, new_message_id(),
    jsonb_build_object('type', 'user-left', 'userId', v_invited.id, 'invitation', 'withdrawn'),
    jsonb_build_object('userId', v_invited.id), p_relay);
END $$;
