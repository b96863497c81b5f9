-- Sending, correcting, deleting and reacting.

-- A message and its event. What has been accepted once is answered as a repeat, for ever.
CREATE OR REPLACE FUNCTION send_message(
  p_session uuid, p_user uuid, p_consultation uuid, p_id uuid, p_content text, p_reply_to uuid, p_body_hash bytea, p_relay uuid
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_turn record;
  v_refusal jsonb;
  v_known messages;
  v_status "ConsultationStatus";
BEGIN
  SELECT * INTO v_turn FROM take_turn(p_consultation);
  v_refusal := refusal_of_access(p_session, p_user, p_consultation);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;

  -- A repeat is answered before the state is looked at: what was accepted once stays accepted (UI3). After the key of
  -- the hash was changed, an unedited message still recognises its own words.
  SELECT * INTO v_known FROM messages WHERE id = p_id;
  IF FOUND THEN
    IF v_known.consultation_id = p_consultation AND v_known.sender_id = p_user AND (
      v_known.body_hash = p_body_hash
      OR (v_known.rev = v_known.seq AND line_ends(v_known.content) = p_content AND v_known.reply_to_id IS NOT DISTINCT FROM p_reply_to)
    ) THEN
      RETURN (
        SELECT jsonb_build_object('outcome', 'repeat', 'event', event_json(e, current_epoch()))
        FROM events e WHERE e.consultation_id = p_consultation AND e.seq = v_known.seq);
    END IF;
    RETURN '{"outcome": "id-conflict"}';
  END IF;

  SELECT status INTO v_status FROM consultations WHERE id = p_consultation;
  IF v_status <> 'IN_PROGRESS' THEN
    RETURN jsonb_build_object('outcome', 'consultation-not-in-progress', 'details', jsonb_build_object('status', v_status));
  END IF;
  IF p_reply_to IS NOT NULL AND NOT EXISTS (
    SELECT FROM messages WHERE id = p_reply_to AND consultation_id = p_consultation AND kind = 'text'
  ) THEN
    RETURN '{"outcome": "validation-failed", "details": {"fields": {"replyToId": "not-in-this-consultation"}}}';
  END IF;

  -- The id may be taken at this moment in another consultation, under another turn.
  INSERT INTO messages (id, consultation_id, seq, rev, kind, content, sender_id, reply_to_id, body_hash, created_at)
    VALUES (p_id, p_consultation, v_turn.next_seq, v_turn.next_seq, 'text', p_content, p_user, p_reply_to, p_body_hash, v_turn.at)
    ON CONFLICT (id) DO NOTHING;
  IF NOT FOUND THEN RETURN '{"outcome": "id-conflict"}'; END IF;

  RETURN '{"outcome": "created"}'::jsonb
    || append_event(p_consultation, v_turn.next_seq, v_turn.at, 'new-message', p_user, p_id, '{}', p_relay);
END $$;

-- What has been done already is no change whatever became of the consultation and the message since, so that a repeat
-- after an unknown outcome is recognised for ever (UI3).
CREATE OR REPLACE FUNCTION edit_message(
  p_session uuid, p_user uuid, p_message uuid, p_content text, p_window_seconds integer, p_relay uuid
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_turn record;
  v_refusal jsonb;
  v_message messages;
BEGIN
  SELECT * INTO v_turn FROM take_turn_of(p_message);
  v_refusal := refusal_of_access(p_session, p_user, v_turn.consultation_id);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;

  SELECT * INTO v_message FROM messages WHERE id = p_message;
  IF v_message.sender_id IS DISTINCT FROM p_user THEN RETURN '{"outcome": "not-allowed"}'; END IF;
  IF line_ends(v_message.content) = p_content THEN RETURN '{"outcome": "unchanged", "event": null}'; END IF;
  v_refusal := refusal_of_change(v_message, p_window_seconds);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;

  INSERT INTO message_revisions (message_id, rev, content, created_at)
    VALUES (p_message, v_message.rev, v_message.content, v_turn.at);
  UPDATE messages SET content = p_content, rev = v_turn.next_seq, edited_at = v_turn.at WHERE id = p_message;
  RETURN '{"outcome": "created"}'::jsonb
    || append_event(v_turn.consultation_id, v_turn.next_seq, v_turn.at, 'message-edited', p_user, p_message, '{}', p_relay);
END $$;

-- The words leave every reader's path; message_revisions keeps them for audit. Nothing changes a message any more once
-- it is deleted, so its rev is the seq of the event that a repeat is answered with.
CREATE OR REPLACE FUNCTION delete_message(p_session uuid, p_user uuid, p_message uuid, p_window_seconds integer, p_relay uuid)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_turn record;
  v_refusal jsonb;
  v_message messages;
BEGIN
  SELECT * INTO v_turn FROM take_turn_of(p_message);
  v_refusal := refusal_of_access(p_session, p_user, v_turn.consultation_id);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;

  SELECT * INTO v_message FROM messages WHERE id = p_message;
  IF v_message.sender_id IS DISTINCT FROM p_user THEN RETURN '{"outcome": "not-allowed"}'; END IF;
  IF v_message.deleted_at IS NOT NULL THEN
    RETURN (
      SELECT jsonb_build_object('outcome', 'repeat', 'event', event_json(e, current_epoch()))
      FROM events e WHERE e.consultation_id = v_message.consultation_id AND e.seq = v_message.rev);
  END IF;
  v_refusal := refusal_of_change(v_message, p_window_seconds);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;

  INSERT INTO message_revisions (message_id, rev, content, created_at)
    VALUES (p_message, v_message.rev, v_message.content, v_turn.at);
  DELETE FROM reactions WHERE message_id = p_message;
  UPDATE messages SET content = NULL, rev = v_turn.next_seq, deleted_at = v_turn.at WHERE id = p_message;
  RETURN '{"outcome": "created"}'::jsonb
    || append_event(v_turn.consultation_id, v_turn.next_seq, v_turn.at, 'message-deleted', p_user, p_message, '{}', p_relay);
END $$;

-- Adds (p_on) or takes back the caller's own reaction: a set by person and emoji.
CREATE OR REPLACE FUNCTION set_reaction(p_session uuid, p_user uuid, p_message uuid, p_emoji text, p_on boolean, p_relay uuid)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_turn record;
  v_refusal jsonb;
  v_message messages;
BEGIN
  SELECT * INTO v_turn FROM take_turn_of(p_message);
  v_refusal := refusal_of_access(p_session, p_user, v_turn.consultation_id);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;

  SELECT * INTO v_message FROM messages WHERE id = p_message;
  IF v_message.kind <> 'text' THEN RETURN '{"outcome": "not-allowed"}'; END IF;
  IF p_on = EXISTS (SELECT FROM reactions WHERE message_id = p_message AND user_id = p_user AND emoji = p_emoji) THEN
    RETURN '{"outcome": "unchanged", "event": null}';
  END IF;
  v_refusal := refusal_of_change(v_message, NULL);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;

  IF p_on THEN
    IF (SELECT count(*) FROM reactions WHERE message_id = p_message AND user_id = p_user) >= 12 THEN
      RETURN '{"outcome": "validation-failed", "details": {"fields": {"emoji": "too-many"}}}';
    END IF;
    INSERT INTO reactions (message_id, user_id, emoji, created_at) VALUES (p_message, p_user, p_emoji, v_turn.at);
  ELSE
    DELETE FROM reactions WHERE message_id = p_message AND user_id = p_user AND emoji = p_emoji;
  END IF;
  UPDATE messages SET rev = v_turn.next_seq WHERE id = p_message;
  RETURN '{"outcome": "created"}'::jsonb
    || append_event(
      v_turn.consultation_id, v_turn.next_seq, v_turn.at,
      CASE WHEN p_on THEN 'reaction-added' ELSE 'reaction-removed' END,
      p_user, p_message, jsonb_build_object('emoji', p_emoji), p_relay);
END $$;
