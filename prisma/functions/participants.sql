-- Colleagues who come and go.

-- A colleague joins, perhaps again: with the positions they had, which only grow.
CREATE OR REPLACE FUNCTION add_participant(p_session uuid, p_user uuid, p_consultation uuid, p_added uuid, p_relay uuid)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_turn record;
  v_refusal jsonb;
  v_role "Role";
BEGIN
  SELECT * INTO v_turn FROM take_turn(p_consultation);
  v_refusal := refusal_of_leading(p_session, p_user, p_consultation);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;

  IF is_participant(p_consultation, p_added) THEN RETURN '{"outcome": "unchanged", "event": null}'; END IF;
  SELECT role INTO v_role FROM users WHERE id = p_added AND disabled_at IS NULL;
  IF v_role IS NULL THEN
    RETURN '{"outcome": "validation-failed", "details": {"fields": {"userId": "unknown"}}}';
  ELSIF v_role = 'PATIENT' THEN
    RETURN '{"outcome": "validation-failed", "details": {"fields": {"userId": "not-a-colleague"}}}';
  END IF;
  v_refusal := refusal_of_membership_change(p_consultation);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;

  -- Later than everybody's, so that whoever reads finds the people in the order in which the log has them.
  INSERT INTO participants (consultation_id, user_id, joined_at)
    SELECT p_consultation, p_added, greatest(v_turn.at, max(joined_at) + interval '1 millisecond')
    FROM participants WHERE consultation_id = p_consultation
    ON CONFLICT (consultation_id, user_id) DO UPDATE SET left_at = NULL, joined_at = excluded.joined_at;
  RETURN append_line(
    p_consultation, v_turn.next_seq, v_turn.at, 'user-joined', p_user, new_message_id(),
    jsonb_build_object('type', 'user-joined', 'userId', p_added), jsonb_build_object('userId', p_added), p_relay);
END $$;

-- Also of somebody who was only asked: to a practitioner who removes them they are one of the people here. From this
-- transaction on the consultation is pushed as hints for good: a channel signature never expires, so nobody can know
-- that the sockets of whoever was removed are gone (UI4).
CREATE OR REPLACE FUNCTION remove_participant(
  p_session uuid, p_user uuid, p_consultation uuid, p_removed uuid, p_relay uuid
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_turn record;
  v_refusal jsonb;
BEGIN
  SELECT * INTO v_turn FROM take_turn(p_consultation);
  v_refusal := refusal_of_leading(p_session, p_user, p_consultation);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;

  IF NOT is_participant(p_consultation, p_removed) AND NOT is_asked(p_consultation, p_removed) THEN
    RETURN CASE
      WHEN EXISTS (SELECT FROM participants WHERE consultation_id = p_consultation AND user_id = p_removed)
        THEN '{"outcome": "unchanged", "event": null}'::jsonb
      ELSE '{"outcome": "not-found"}' END;
  END IF;
  IF is_practitioner(p_removed) AND NOT EXISTS (
    SELECT FROM participants p JOIN users u ON u.id = p.user_id
    WHERE p.consultation_id = p_consultation AND p.left_at IS NULL AND p.user_id <> p_removed
      AND u.role = 'PRACTITIONER' AND u.disabled_at IS NULL
  ) THEN
    RETURN '{"outcome": "validation-failed", "details": {"fields": {"userId": "last-practitioner"}}}';
  END IF;
  v_refusal := refusal_of_membership_change(p_consultation);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;

  UPDATE participants SET left_at = v_turn.at WHERE consultation_id = p_consultation AND user_id = p_removed;
  UPDATE publication_cursors SET hints_only = true WHERE consultation_id = p_consultation AND sink = 'pusher';
  RETURN append_line(
    p_consultation, v_turn.next_seq, v_turn.at, 'user-left', p_user, new_message_id(),
    jsonb_build_object('type', 'user-left', 'userId', p_removed), jsonb_build_object('userId', p_removed), p_relay);
END $$;
