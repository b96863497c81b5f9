-- An invitation says who invites and what for, can be sent again and withdrawn, and is accepted in the log.
--
-- Who was invited and is taken out before they accepted never had any access. So their leaving is told in every state of
-- the consultation, and so is their joining, which happens when they accept.

-- As before, and only while the invited person takes part: a link leads to nothing else.
CREATE OR REPLACE FUNCTION invitation_is_open(i invitations) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT i.accepted_at IS NULL AND i.expires_at > clock_timestamp() AND is_participant(i.consultation_id, i.user_id)
    AND EXISTS (SELECT FROM users u WHERE u.id = i.user_id AND u.invited_at IS NOT NULL AND u.disabled_at IS NULL)
    AND (i.mailed OR NOT EXISTS (
      SELECT FROM participants p
      WHERE p.user_id = i.user_id AND p.left_at IS NULL AND NOT is_participant(p.consultation_id, i.invited_by)))
$$;

-- Whoever holds a link learns who invites whom to what, and of one that was withdrawn that it was.
CREATE OR REPLACE FUNCTION read_invitation(p_token_hash bytea) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    (SELECT CASE
       WHEN invitation_is_open(i) THEN jsonb_build_object(
         'outcome', 'ok', 'name', u.name, 'email', u.email,
         'inviter', jsonb_build_object('name', inviter.name, 'role', inviter.role),
         'subject', c.subject, 'status', c.status, 'scheduledFor', iso(c.scheduled_for))
       WHEN u.invited_at IS NOT NULL AND NOT is_participant(i.consultation_id, i.user_id)
         THEN '{"outcome": "not-found", "details": {"reason": "withdrawn"}}'
     END
     FROM invitations i
       JOIN users u ON u.id = i.user_id
       JOIN users inviter ON inviter.id = i.invited_by
       JOIN consultations c ON c.id = i.consultation_id
     WHERE i.token_hash = p_token_hash),
    '{"outcome": "not-found"}')
$$;

-- Whom a consultation was set up for with an invitation. Whoever accepts, renews or withdraws one takes the account
-- first and turns after it, so that of two at once one is first and neither waits for the other in a circle.
CREATE FUNCTION lock_invited(p_consultation uuid) RETURNS users LANGUAGE sql AS $$
  SELECT u.* FROM users u
  WHERE u.id = (SELECT i.user_id FROM invitations i WHERE i.consultation_id = p_consultation LIMIT 1)
  FOR NO KEY UPDATE OF u
$$;

-- As before, and everybody in the account's consultations is told that its owner has joined, under the name they gave.
CREATE FUNCTION accept_invitation(p_token_hash bytea, p_name text, p_password_hash text, p_relay uuid) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  v_invitation invitations;
  v_known_hash text;
  v_ids uuid[];
  v_id uuid;
  v_turn record;
  v_appended jsonb := '[]';
BEGIN
  SELECT * INTO v_invitation FROM invitations WHERE token_hash = p_token_hash;
  IF NOT FOUND THEN RETURN '{"outcome": "not-found"}'; END IF;
  SELECT password_hash INTO v_known_hash FROM users WHERE id = v_invitation.user_id FOR NO KEY UPDATE;
  -- Hashes are salted: the same one comes from this very call, whose first answer was lost.
  IF v_known_hash <> p_password_hash THEN
    -- All turns in one order. From here on nobody is taken out of any of them.
    SELECT coalesce(array_agg(locked.consultation_id), '{}') INTO v_ids FROM (
      SELECT h.consultation_id FROM consultation_heads h
      WHERE h.consultation_id IN (SELECT p.consultation_id FROM participants p WHERE p.user_id = v_invitation.user_id)
      ORDER BY h.consultation_id FOR NO KEY UPDATE
    ) AS locked;
    IF NOT EXISTS (SELECT FROM invitations i WHERE i.id = v_invitation.id AND invitation_is_open(i)) THEN
      RETURN read_invitation(p_token_hash);
    END IF;
    UPDATE invitations SET accepted_at = clock_timestamp() WHERE id = v_invitation.id;
    UPDATE users SET name = p_name, password_hash = p_password_hash, invited_at = NULL WHERE id = v_invitation.user_id;
    FOREACH v_id IN ARRAY v_ids LOOP
      CONTINUE WHEN NOT is_participant(v_id, v_invitation.user_id);
      SELECT * INTO v_turn FROM take_turn(v_id);
      -- Later than everybody's, as add_participant() has it: in the order of the log.
      UPDATE participants SET joined_at = (
          SELECT greatest(v_turn.at, max(joined_at) + interval '1 millisecond')
          FROM participants WHERE consultation_id = v_id)
        WHERE consultation_id = v_id AND user_id = v_invitation.user_id;
      v_appended := v_appended || append_line(
        v_id, v_turn.next_seq, v_turn.at, 'user-joined', v_invitation.user_id, new_message_id(),
        jsonb_build_object('type', 'user-joined', 'userId', v_invitation.user_id),
        jsonb_build_object('userId', v_invitation.user_id), p_relay);
    END LOOP;
  END IF;
  RETURN jsonb_build_object(
    'outcome', 'ok', 'userId', v_invitation.user_id, 'consultationId', v_invitation.consultation_id,
    'appended', v_appended);
END $$;

-- For processes of an earlier version.
CREATE OR REPLACE FUNCTION accept_invitation(p_token_hash bytea, p_name text, p_password_hash text) RETURNS jsonb
LANGUAGE sql AS $$
  SELECT accept_invitation(p_token_hash, p_name, p_password_hash, NULL)
$$;

-- Writes to them again, with new links that are good for another week; earlier ones go on until they end. A mail that
-- has not left yet is replaced. p_mailed and p_shown as in create_consultation(), and so is who is shown a link.
CREATE FUNCTION renew_invitation(
  p_session uuid, p_user uuid, p_consultation uuid, p_locale text, p_mailed jsonb, p_shown jsonb
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_invited users := lock_invited(p_consultation);
  v_refusal jsonb;
  v_now timestamptz(3);
BEGIN
  PERFORM take_turn(p_consultation);
  v_refusal := refusal_of_leading(p_session, p_user, p_consultation);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;
  IF v_invited.invited_at IS NULL OR v_invited.disabled_at IS NOT NULL
    OR NOT is_participant(p_consultation, v_invited.id) THEN
    RETURN '{"outcome": "invitation-closed"}';
  END IF;
  v_refusal := refusal_of_membership_change(p_consultation);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;

  -- Known already: this very call, whose first answer was lost.
  IF NOT EXISTS (SELECT FROM invitations WHERE id = (p_mailed->>'id')::uuid) THEN
    v_now := clock_timestamp();
    DELETE FROM mail_outbox o USING invitations i
      WHERE i.id = o.invitation_id AND i.consultation_id = p_consultation
        AND o.state = 'waiting' AND (o.not_before IS NULL OR o.not_before <= v_now);
    INSERT INTO invitations (id, user_id, consultation_id, invited_by, mailed, locale, token_hash, created_at, expires_at)
      SELECT (i.given->>'id')::uuid, v_invited.id, p_consultation, p_user, i.mailed, p_locale,
             decode(i.given->>'tokenHash', 'hex'), v_now, v_now + interval '7 days'
      FROM (VALUES (p_mailed, true), (p_shown, false)) AS i (given, mailed);
    INSERT INTO mail_outbox (id, kind, user_id, consultation_id, invitation_id, created_at)
      VALUES (gen_random_uuid(), 'invitation', v_invited.id, p_consultation, (p_mailed->>'id')::uuid, v_now);
  END IF;
  RETURN jsonb_build_object(
    'outcome', 'ok', 'invitation', invitation_json(p_consultation, v_invited.id),
    'shown', (SELECT invitation_is_open(i) FROM invitations i WHERE i.id = (p_shown->>'id')::uuid));
END $$;

-- Takes out whoever has not accepted yet; with that no link of this consultation opens anything. Their sockets need no
-- ending, and pushes no hints: nobody could ever sign in to that account.
CREATE FUNCTION withdraw_invitation(p_session uuid, p_user uuid, p_consultation uuid, p_relay uuid) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  v_invited users := lock_invited(p_consultation);
  v_turn record;
  v_refusal jsonb;
BEGIN
  SELECT * INTO v_turn FROM take_turn(p_consultation);
  v_refusal := refusal_of_leading(p_session, p_user, p_consultation);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;
  IF v_invited.invited_at IS NULL THEN RETURN '{"outcome": "invitation-closed"}'; END IF;
  IF NOT is_participant(p_consultation, v_invited.id) THEN RETURN '{"outcome": "unchanged", "event": null}'; END IF;

  UPDATE participants SET left_at = v_turn.at WHERE consultation_id = p_consultation AND user_id = v_invited.id;
  RETURN append_line(
    p_consultation, v_turn.next_seq, v_turn.at, 'user-left', p_user, new_message_id(),
    jsonb_build_object('type', 'user-left', 'userId', v_invited.id, 'invitation', 'withdrawn'),
    jsonb_build_object('userId', v_invited.id), p_relay);
END $$;
