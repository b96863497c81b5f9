-- Corrections, reactions, an end that is announced, and people who come and go. Signatures that a running process of an
-- earlier version calls stay.

-- AlterTable
ALTER TABLE "consultations" ADD COLUMN     "closes_at" TIMESTAMPTZ(3),
ADD COLUMN     "closing_by" UUID,
ADD COLUMN     "closing_note" TEXT;

-- AlterTable
ALTER TABLE "publication_cursors" ADD COLUMN     "hints_only" BOOLEAN NOT NULL DEFAULT false;

-- CreateTable
CREATE TABLE "reactions" (
    "message_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "emoji" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "reactions_pkey" PRIMARY KEY ("message_id","user_id","emoji")
);

-- AddForeignKey
ALTER TABLE "consultations" ADD CONSTRAINT "consultations_closing_by_fkey" FOREIGN KEY ("closing_by") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "reactions" ADD CONSTRAINT "reactions_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "messages"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "reactions" ADD CONSTRAINT "reactions_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Rules that the schema file cannot say.
ALTER TABLE "consultations" ADD CONSTRAINT "consultations_closing" CHECK (
  CASE
    WHEN "closes_at" IS NULL THEN "closing_by" IS NULL AND "closing_note" IS NULL
    ELSE "closing_by" IS NOT NULL AND "status" = 'IN_PROGRESS'
  END
);

-- Every relay asks each second what is due.
CREATE INDEX "consultations_closes_at_idx" ON "consultations" ("closes_at") WHERE "closes_at" IS NOT NULL;

-- ── Protocol shapes ─────────────────────────────────────────────────────────────────────────────────────────────────

-- Stand-ins until presence is kept.
CREATE FUNCTION is_online(p_user uuid) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT false $$;
CREATE FUNCTION last_active_at(p_user uuid) RETURNS timestamptz LANGUAGE sql STABLE AS $$ SELECT NULL::timestamptz $$;

CREATE FUNCTION presence_json(p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('online', is_online(p_user), 'lastActiveAt', iso(last_active_at(p_user)))
$$;

-- In an order that no later reaction moves, the same as lib/protocol/emoji.ts.
CREATE FUNCTION reactions_json(p_message_id uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('emoji', emoji, 'userIds', user_ids) ORDER BY emoji COLLATE "C"), '[]')
  FROM (
    SELECT emoji, jsonb_agg(user_id ORDER BY user_id) AS user_ids FROM reactions WHERE message_id = p_message_id
    GROUP BY emoji
  ) AS held
$$;

CREATE OR REPLACE FUNCTION system_json(p_system jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('type', p_system->'type', 'actor', user_json((p_system->>'actorId')::uuid))
    || CASE p_system->>'type'
         WHEN 'consultation-completed' THEN jsonb_build_object('closingNote', p_system->'closingNote')
         WHEN 'consultation-closing' THEN jsonb_build_object('closesAt', p_system->'closesAt')
         WHEN 'user-joined' THEN jsonb_build_object('user', user_json((p_system->>'userId')::uuid))
         WHEN 'user-left' THEN jsonb_build_object('user', user_json((p_system->>'userId')::uuid))
         ELSE '{}' END
$$;

-- A message as it is now. A deleted one is a tombstone: no content, no quote, no reactions. One that nothing has
-- changed since it was sent has no reactions to look for.
CREATE OR REPLACE FUNCTION message_json(m messages) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
      'id', m.id, 'seq', m.seq, 'rev', m.rev, 'kind', m.kind, 'content', m.content,
      'sender', CASE WHEN m.sender_id IS NOT NULL THEN user_json(m.sender_id) END,
      'replyTo', CASE WHEN m.reply_to_id IS NOT NULL AND m.deleted_at IS NULL THEN reply_json(m.reply_to_id) END,
      'attachments', '[]'::jsonb,
      'reactions', CASE WHEN m.rev > m.seq AND m.deleted_at IS NULL THEN reactions_json(m.id) ELSE '[]' END,
      'createdAt', iso(m.created_at), 'editedAt', iso(m.edited_at), 'deletedAt', iso(m.deleted_at))
    || CASE WHEN m.system IS NOT NULL THEN jsonb_build_object('system', system_json(m.system)) ELSE '{}' END
$$;

CREATE FUNCTION event_data_json(e events) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  CASE e.type
    WHEN 'message-deleted' THEN
      RETURN jsonb_build_object('messageId', e.message_id, 'rev', e.seq, 'deletedAt', iso(e.at));
    WHEN 'reaction-added', 'reaction-removed' THEN
      RETURN jsonb_build_object(
        'messageId', e.message_id, 'rev', e.seq, 'userId', e.actor_id, 'emoji', e.data->'emoji');
    WHEN 'user-joined', 'user-left' THEN
      RETURN jsonb_build_object(
        'user', user_json((e.data->>'userId')::uuid),
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

-- ── Judging ─────────────────────────────────────────────────────────────────────────────────────────────────────────

-- null: go on. p_window_seconds: for how long after it was sent a message may be changed; null: without end.
CREATE FUNCTION refusal_of_change(m messages, p_window_seconds integer) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN c.status <> 'IN_PROGRESS' THEN
      jsonb_build_object('outcome', 'consultation-not-in-progress', 'details', jsonb_build_object('status', c.status))
    WHEN m.deleted_at IS NOT NULL THEN '{"outcome": "message-deleted"}'
    WHEN clock_timestamp() > m.created_at + make_interval(secs => p_window_seconds) THEN '{"outcome": "edit-window-closed"}'
  END
  FROM consultations c WHERE c.id = m.consultation_id
$$;

CREATE FUNCTION is_practitioner(p_user uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM users WHERE id = p_user AND role = 'PRACTITIONER')
$$;

-- For what a practitioner of the consultation may do.
CREATE FUNCTION refusal_of_leading(p_session uuid, p_user uuid, p_consultation uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    refusal_of_access(p_session, p_user, p_consultation),
    CASE WHEN NOT is_practitioner(p_user) THEN '{"outcome": "not-allowed"}'::jsonb END)
$$;

-- For who comes and goes: not once it is over (UI3).
CREATE FUNCTION refusal_of_membership_change(p_consultation uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN c.status IN ('COMPLETED', 'CANCELLED') THEN
    jsonb_build_object('outcome', 'consultation-state', 'details', jsonb_build_object('status', c.status)) END
  FROM consultations c WHERE c.id = p_consultation
$$;

-- ── Writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

-- As before, and it says whether this consultation is pushed as hints. Under the head's lock, which the caller holds,
-- nobody else sets or clears `dirty`.
CREATE OR REPLACE FUNCTION append_event(
  p_consultation uuid, p_seq integer, p_at timestamptz, p_type text, p_actor uuid, p_message uuid, p_data jsonb, p_relay uuid
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_event events;
  v_idle boolean;
  v_hints_only boolean;
  v_fence integer;
BEGIN
  UPDATE consultation_heads SET head_seq = p_seq, last_event_at = p_at
    WHERE consultation_id = p_consultation AND head_seq = p_seq - 1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'append_event without the turn of %', p_consultation;
  END IF;

  INSERT INTO events (consultation_id, seq, type, actor_id, at, message_id, data)
    VALUES (p_consultation, p_seq, p_type, p_actor, p_at, p_message, p_data)
    RETURNING * INTO v_event;

  SELECT NOT dirty, hints_only INTO v_idle, v_hints_only FROM publication_cursors
    WHERE consultation_id = p_consultation AND sink = 'pusher';
  UPDATE publication_cursors SET
      dirty = true,
      lease_owner = p_relay,
      lease_fence = lease_fence + 1,
      lease_until = clock_timestamp() + interval '10 seconds'
    WHERE consultation_id = p_consultation AND sink = 'pusher' AND NOT dirty AND p_relay IS NOT NULL
    RETURNING lease_fence INTO v_fence;
  UPDATE publication_cursors SET dirty = true WHERE consultation_id = p_consultation AND NOT dirty;

  RETURN jsonb_build_object(
    'event', event_json(v_event, current_epoch()),
    'fence', v_fence, 'unheld', v_idle AND p_relay IS NULL, 'hintsOnly', v_hints_only);
END $$;

-- UUIDv7, for the lines that the conversation gets from here.
CREATE FUNCTION new_message_id() RETURNS uuid LANGUAGE sql VOLATILE AS $$
  SELECT encode(set_bit(set_bit(overlay(
      uuid_send(gen_random_uuid())
      PLACING substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
    52, 1), 53, 1), 'hex')::uuid
$$;

-- A system line and the event that brings it.
CREATE FUNCTION append_line(
  p_consultation uuid, p_seq integer, p_at timestamptz, p_type text, p_actor uuid, p_line_id uuid, p_line jsonb,
  p_data jsonb, p_relay uuid
) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO messages (id, consultation_id, seq, rev, kind, system, created_at)
    VALUES (p_line_id, p_consultation, p_seq, p_seq, 'system', p_line || jsonb_build_object('actorId', p_actor), p_at);
  RETURN '{"outcome": "created"}'::jsonb
    || append_event(p_consultation, p_seq, p_at, p_type, p_actor, p_line_id, p_data, p_relay);
END $$;

-- The routes name the message only. Which consultation it belongs to never changes, so it may be read before the turn.
CREATE FUNCTION take_turn_of(
  p_message uuid, OUT consultation_id uuid, OUT next_seq integer, OUT at timestamptz(3)
) LANGUAGE sql AS $$
  SELECT m.consultation_id, turn.next_seq, turn.at FROM messages m, take_turn(m.consultation_id) AS turn
  WHERE m.id = p_message
$$;

-- What has been done already is no change whatever became of the consultation and the message since, so that a repeat
-- after an unknown outcome is recognised for ever (UI3).
CREATE FUNCTION edit_message(
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
  IF v_message.content = p_content THEN RETURN '{"outcome": "unchanged", "event": null}'; END IF;
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
CREATE FUNCTION delete_message(p_session uuid, p_user uuid, p_message uuid, p_window_seconds integer, p_relay uuid)
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
CREATE FUNCTION set_reaction(p_session uuid, p_user uuid, p_message uuid, p_emoji text, p_on boolean, p_relay uuid)
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

-- ── The life of a consultation ──────────────────────────────────────────────────────────────────────────────────────

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
CREATE FUNCTION announce_completion(
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
CREATE FUNCTION withdraw_completion(p_session uuid, p_user uuid, p_consultation uuid, p_relay uuid)
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
CREATE FUNCTION complete_due_consultations(p_relay uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
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

-- ── Who takes part ──────────────────────────────────────────────────────────────────────────────────────────────────

-- A colleague joins, perhaps again: with the positions they had, which only grow.
CREATE FUNCTION add_participant(p_session uuid, p_user uuid, p_consultation uuid, p_added uuid, p_relay uuid)
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

-- From this transaction on the consultation is pushed as hints for good: a channel signature never expires, so nobody
-- can know that the sockets of whoever was removed are gone (UI4).
CREATE FUNCTION remove_participant(p_session uuid, p_user uuid, p_consultation uuid, p_removed uuid, p_relay uuid)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_turn record;
  v_refusal jsonb;
BEGIN
  SELECT * INTO v_turn FROM take_turn(p_consultation);
  v_refusal := refusal_of_leading(p_session, p_user, p_consultation);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;

  IF NOT is_participant(p_consultation, p_removed) THEN
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

-- ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────

-- Whom a practitioner may add.
CREATE FUNCTION list_colleagues(p_session uuid, p_user uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF NOT session_is_live(p_session, p_user) THEN RETURN '{"outcome": "session-ended"}'; END IF;
  IF NOT is_practitioner(p_user) THEN RETURN '{"outcome": "not-allowed"}'; END IF;
  RETURN (
    SELECT jsonb_build_object('outcome', 'ok', 'users', coalesce(jsonb_agg(user_json(u.id) ORDER BY u.name, u.id), '[]'))
    FROM users u WHERE u.role IN ('PRACTITIONER', 'INTERPRETER') AND u.disabled_at IS NULL AND u.id <> p_user);
END $$;

CREATE OR REPLACE FUNCTION counterpart_json(p_consultation uuid, p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT user_json(u.id) || presence_json(u.id)
  FROM participants p JOIN users u ON u.id = p.user_id
  WHERE p.consultation_id = p_consultation AND p.user_id <> p_user
  ORDER BY
    (p.left_at IS NULL) DESC,
    (u.role = CASE (SELECT role FROM users WHERE id = p_user) WHEN 'PRACTITIONER' THEN 'PATIENT' ELSE 'PRACTITIONER' END::"Role") DESC,
    p.joined_at, u.id
  LIMIT 1
$$;

CREATE FUNCTION preview_of(p_content text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT left(regexp_replace(p_content, '\s+', ' ', 'g'), 120)
$$;

-- One line of a participant's list; null for everybody else.
CREATE FUNCTION row_json(p_consultation uuid, p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'id', c.id, 'status', c.status, 'subject', c.subject, 'scheduledFor', iso(c.scheduled_for),
    'counterpart', counterpart_json(c.id, p_user),
    'lastMessage', (
      SELECT jsonb_build_object('id', m.id, 'seq', m.seq, 'senderId', m.sender_id,
                                'preview', preview_of(m.content),
                                'createdAt', iso(m.created_at))
      FROM messages m
      WHERE m.consultation_id = c.id AND m.kind = 'text' AND m.deleted_at IS NULL
      ORDER BY m.seq DESC LIMIT 1),
    'unreadCount', (
      SELECT count(*) FROM messages m
      WHERE m.consultation_id = c.id AND m.seq > p.read_up_to_seq
        AND m.kind = 'text' AND m.deleted_at IS NULL AND m.sender_id <> p_user),
    'lastActivityAt', iso(h.last_event_at), 'headSeq', h.head_seq, 'readUpToSeq', p.read_up_to_seq)
  FROM participants p
    JOIN consultations c ON c.id = p.consultation_id
    JOIN consultation_heads h ON h.consultation_id = c.id
  WHERE p.consultation_id = p_consultation AND p.user_id = p_user AND p.left_at IS NULL
$$;

CREATE OR REPLACE FUNCTION list_consultations(p_session uuid, p_user uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF NOT session_is_live(p_session, p_user) THEN RETURN '{"outcome": "session-ended"}'; END IF;
  RETURN (
    SELECT jsonb_build_object('outcome', 'ok', 'consultations', coalesce(jsonb_agg(
      row_json(p.consultation_id, p_user) ORDER BY h.last_event_at DESC, p.consultation_id), '[]'))
    FROM participants p JOIN consultation_heads h ON h.consultation_id = p.consultation_id
    WHERE p.user_id = p_user AND p.left_at IS NULL);
END $$;

CREATE OR REPLACE FUNCTION read_snapshot(p_session uuid, p_user uuid, p_consultation uuid) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_refusal jsonb := refusal_of_access(p_session, p_user, p_consultation);
BEGIN
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;
  RETURN (
    SELECT jsonb_build_object(
        'outcome', 'ok',
        'consultation', jsonb_build_object(
          'id', c.id, 'status', c.status, 'subject', c.subject, 'scheduledFor', iso(c.scheduled_for),
          'startedAt', iso(c.started_at), 'endedAt', iso(c.ended_at), 'closesAt', iso(c.closes_at)),
        'participants', (
          SELECT coalesce(jsonb_agg(
              jsonb_build_object('user', user_json(p.user_id), 'position', position_json(p)) || presence_json(p.user_id)
            ORDER BY p.joined_at, p.user_id), '[]')
          FROM participants p WHERE p.consultation_id = c.id AND p.left_at IS NULL),
        'headSeq', h.head_seq, 'epoch', current_epoch(), 'serverTime', iso(clock_timestamp()))
      || messages_page(c.id, NULL, 50)
      || push_json(c.id)
    FROM consultations c JOIN consultation_heads h ON h.consultation_id = c.id
    WHERE c.id = p_consultation);
END $$;
