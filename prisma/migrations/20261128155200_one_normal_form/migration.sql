-- One normal form of text: lib/protocol/content.ts makes it at the door. What was stored before is read in it too, so
-- that it shows, folds and is recognised like everything else. And quotes and previews are cut where a person's
-- character ends, which only the program can tell (lib/protocol/excerpt.ts): here they get as much as that may need.

-- As normalText() has them. Text without a carriage return or its like is given back as it is.
CREATE FUNCTION line_ends(p_text text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT btrim(
    translate(replace(p_text, E'\r\n', E'\n'), E'\r\u000B\f\u0085\u2028\u2029', repeat(E'\n', 6)), E' \t\n')
$$;

UPDATE consultations SET subject = btrim(regexp_replace(line_ends(subject), '\s+', ' ', 'g'))
  WHERE subject <> regexp_replace(line_ends(subject), '\s+', ' ', 'g');
UPDATE users SET name = btrim(regexp_replace(line_ends(name), '\s+', ' ', 'g'))
  WHERE name <> regexp_replace(line_ends(name), '\s+', ' ', 'g');

-- As much as 140 characters may be, and one code point more: by that one the program knows whether the last is whole.
CREATE OR REPLACE FUNCTION reply_json(p_message_id uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('id', q.id, 'seq', q.seq, 'senderName', coalesce(u.name, ''), 'excerpt', left(line_ends(q.content), 1401))
  FROM messages q LEFT JOIN users u ON u.id = q.sender_id
  WHERE q.id = p_message_id
$$;

CREATE OR REPLACE FUNCTION preview_of(p_content text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT left(regexp_replace(line_ends(p_content), '\s+', ' ', 'g'), 1201)
$$;

-- A line also says that who left had only been invited.
CREATE OR REPLACE FUNCTION system_json(p_system jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('type', p_system->'type', 'actor', user_json((p_system->>'actorId')::uuid))
    || CASE p_system->>'type'
         WHEN 'consultation-completed' THEN jsonb_build_object('closingNote', line_ends(p_system->>'closingNote'))
         WHEN 'consultation-closing' THEN jsonb_build_object('closesAt', p_system->'closesAt')
         WHEN 'user-joined' THEN jsonb_build_object('user', user_json((p_system->>'userId')::uuid))
         WHEN 'user-left' THEN
           jsonb_strip_nulls(jsonb_build_object('invitation', p_system->'invitation'))
           || jsonb_build_object('user', user_json((p_system->>'userId')::uuid))
         ELSE '{}' END
$$;

CREATE OR REPLACE FUNCTION message_json(m messages) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
      'id', m.id, 'seq', m.seq, 'rev', m.rev, 'kind', m.kind, 'content', line_ends(m.content),
      'sender', CASE WHEN m.sender_id IS NOT NULL THEN user_json(m.sender_id) END,
      'replyTo', CASE WHEN m.reply_to_id IS NOT NULL AND m.deleted_at IS NULL THEN reply_json(m.reply_to_id) END,
      'attachments', '[]'::jsonb,
      'reactions', CASE WHEN m.rev > m.seq AND m.deleted_at IS NULL THEN reactions_json(m.id) ELSE '[]' END,
      'createdAt', iso(m.created_at), 'editedAt', iso(m.edited_at), 'deletedAt', iso(m.deleted_at))
    || CASE WHEN m.system IS NOT NULL THEN jsonb_build_object('system', system_json(m.system)) ELSE '{}' END
$$;

-- As before, and words that were stored in another form are recognised.
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
