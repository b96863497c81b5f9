-- How rows look to the program: the shapes of lib/protocol. Words and names are joined at the moment of reading, so
-- what was deleted or renamed since is read as it is now.

CREATE OR REPLACE FUNCTION iso(p_at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- As normalText() of lib/protocol/content.ts makes them at the door. Text without a carriage return or its like is
-- given back as it is.
CREATE OR REPLACE FUNCTION line_ends(p_text text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT btrim(
    translate(replace(p_text, E'\r\n', E'\n'), E'\r\u000B\f\u0085\u2028\u2029', repeat(E'\n', 6)), E' \t\n')
$$;

-- Names this history of this database: another cluster, another timeline (a restore, a promotion) or
-- `npm run db:restored` make another epoch, and clients start over instead of trusting reused numbers.
CREATE OR REPLACE FUNCTION current_epoch() RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_cluster text := 'unknown';
BEGIN
  IF has_function_privilege('pg_control_system()', 'execute') THEN
    SELECT system_identifier::text INTO v_cluster FROM pg_control_system();
  END IF;
  RETURN md5(
    v_cluster
    || CASE WHEN pg_is_in_recovery() THEN '' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END
    || current_database()
    || (SELECT restores FROM log_identity)
  );
END $$;

-- ── People ───────────────────────────────────────────────────────────────────────────────────────────────────────────

-- A person under their own name: for those who take part with them.
CREATE OR REPLACE FUNCTION user_json(p_user_id uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('id', u.id, 'role', u.role, 'name', u.name, 'image', u.image) FROM users u WHERE u.id = p_user_id
$$;

-- A person as a consultation knows them: of one who was asked and has not accepted (yet, or ever) what was typed.
CREATE OR REPLACE FUNCTION person_json(p_consultation uuid, p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'id', u.id, 'role', u.role,
    'name', coalesce(p.asked_name, u.name),
    'image', CASE WHEN p.asked_at IS NULL THEN u.image END)
  FROM users u LEFT JOIN participants p ON p.consultation_id = p_consultation AND p.user_id = u.id
  WHERE u.id = p_user
$$;

-- ── Messages ─────────────────────────────────────────────────────────────────────────────────────────────────────────

-- A quote's words follow the message they came from: nothing of them is stored with the reply. The program cuts them
-- where a person's character ends (lib/protocol/excerpt.ts); it gets as much as 140 characters may be, and one code
-- point more: by that one it knows whether the last is whole.
CREATE OR REPLACE FUNCTION reply_json(p_message_id uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('id', q.id, 'seq', q.seq, 'senderName', coalesce(u.name, ''), 'excerpt', left(line_ends(q.content), 1401))
  FROM messages q LEFT JOIN users u ON u.id = q.sender_id
  WHERE q.id = p_message_id
$$;

-- In an order that no later reaction moves, the same as lib/protocol/emoji.ts.
CREATE OR REPLACE FUNCTION reactions_json(p_message_id uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('emoji', emoji, 'userIds', user_ids) ORDER BY emoji COLLATE "C"), '[]')
  FROM (
    SELECT emoji, jsonb_agg(user_id ORDER BY user_id) AS user_ids FROM reactions WHERE message_id = p_message_id
    GROUP BY emoji
  ) AS held
$$;

CREATE OR REPLACE FUNCTION system_json(p_system jsonb, p_consultation uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
      'type', p_system->'type', 'actor', person_json(p_consultation, (p_system->>'actorId')::uuid))
    || CASE p_system->>'type'
         WHEN 'consultation-completed' THEN jsonb_build_object('closingNote', line_ends(p_system->>'closingNote'))
         WHEN 'consultation-closing' THEN jsonb_build_object('closesAt', p_system->'closesAt')
         WHEN 'user-joined' THEN jsonb_build_object('user', person_json(p_consultation, (p_system->>'userId')::uuid))
         WHEN 'user-left' THEN
           jsonb_strip_nulls(jsonb_build_object('invitation', p_system->'invitation'))
           || jsonb_build_object('user', person_json(p_consultation, (p_system->>'userId')::uuid))
         ELSE '{}' END
$$;

-- A message as it is now. A deleted one is a tombstone: no content, no quote, no reactions. One that nothing has
-- changed since it was sent has no reactions to look for.
CREATE OR REPLACE FUNCTION message_json(m messages) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
      'id', m.id, 'seq', m.seq, 'rev', m.rev, 'kind', m.kind, 'content', line_ends(m.content),
      'sender', CASE WHEN m.sender_id IS NOT NULL THEN user_json(m.sender_id) END,
      'replyTo', CASE WHEN m.reply_to_id IS NOT NULL AND m.deleted_at IS NULL THEN reply_json(m.reply_to_id) END,
      'attachments', '[]'::jsonb,
      'reactions', CASE WHEN m.rev > m.seq AND m.deleted_at IS NULL THEN reactions_json(m.id) ELSE '[]' END,
      'createdAt', iso(m.created_at), 'editedAt', iso(m.edited_at), 'deletedAt', iso(m.deleted_at))
    || CASE WHEN m.system IS NOT NULL
         THEN jsonb_build_object('system', system_json(m.system, m.consultation_id)) ELSE '{}' END
$$;

-- A message's words in one line, cut by the program as a quote is (reply_json).
CREATE OR REPLACE FUNCTION preview_of(p_content text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT left(regexp_replace(line_ends(p_content), '\s+', ' ', 'g'), 1201)
$$;

-- ── Events ───────────────────────────────────────────────────────────────────────────────────────────────────────────

CREATE OR REPLACE FUNCTION event_data_json(e events) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  CASE e.type
    WHEN 'message-deleted' THEN
      RETURN jsonb_build_object('messageId', e.message_id, 'rev', e.seq, 'deletedAt', iso(e.at));
    WHEN 'reaction-added', 'reaction-removed' THEN
      RETURN jsonb_build_object(
        'messageId', e.message_id, 'rev', e.seq, 'userId', e.actor_id, 'emoji', e.data->'emoji');
    WHEN 'user-joined', 'user-left' THEN
      RETURN jsonb_build_object(
        'user', person_json(e.consultation_id, (e.data->>'userId')::uuid),
        'message', (SELECT message_json(m) FROM messages m WHERE m.id = e.message_id));
    ELSE
      RETURN e.data || jsonb_build_object('message', (SELECT message_json(m) FROM messages m WHERE m.id = e.message_id));
  END CASE;
END $$;

-- Content is joined here, at the moment of reading: what was deleted since replays as a tombstone.
CREATE OR REPLACE FUNCTION event_json(e events, p_epoch text) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'v', 1, 'consultationId', e.consultation_id, 'epoch', p_epoch, 'seq', e.seq, 'type', e.type,
    'actorId', e.actor_id, 'at', iso(e.at), 'data', event_data_json(e))
$$;

-- A push without words: there is something up to this number.
CREATE OR REPLACE FUNCTION hint_json(e events, p_epoch text) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'v', 1, 'consultationId', e.consultation_id, 'epoch', p_epoch, 'seq', e.seq, 'type', e.type, 'hint', true)
$$;
