-- The log and its one writer. A command takes the consultation's turn, judges (judging.sql), changes its row and
-- appends. Every command answers one jsonb object with an "outcome": 'ok', 'created', 'repeat', 'unchanged', or the
-- code of a refusal (lib/protocol/errors.ts). A refusal has changed nothing.

-- Takes the consultation's turn: until this transaction ends nobody else can append to it. The number and the time are
-- chosen under the lock, so seq is gapless in commit order and time never runs backwards in seq (SEQ1).
CREATE OR REPLACE FUNCTION take_turn(p_consultation uuid, OUT next_seq integer, OUT at timestamptz(3)) LANGUAGE sql AS $$
  SELECT h.head_seq + 1, greatest(clock_timestamp()::timestamptz(3), h.last_event_at)
  FROM consultation_heads h WHERE h.consultation_id = p_consultation FOR NO KEY UPDATE
$$;

-- The routes name the message only. Which consultation it belongs to never changes, so it may be read before the turn.
CREATE OR REPLACE FUNCTION take_turn_of(
  p_message uuid, OUT consultation_id uuid, OUT next_seq integer, OUT at timestamptz(3)
) LANGUAGE sql AS $$
  SELECT m.consultation_id, turn.next_seq, turn.at FROM messages m, take_turn(m.consultation_id) AS turn
  WHERE m.id = p_message
$$;

-- The only statement in the product that adds to the log. The caller holds the turn, and under it nobody else sets or
-- clears `dirty`. When nothing waits to be published, the writer's own relay (p_relay) gets the publication lease in
-- the same write and answers its fence: then the event can be pushed without another round trip. "unheld": the cursor
-- was idle and the writer's own process does not publish, so any relay may claim it; otherwise somebody has the lease,
-- or has given it back for a while. "hintsOnly": this consultation is pushed as hints.
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

-- A system line and the event that brings it.
CREATE OR REPLACE FUNCTION append_line(
  p_consultation uuid, p_seq integer, p_at timestamptz, p_type text, p_actor uuid, p_line_id uuid, p_line jsonb,
  p_data jsonb, p_relay uuid
) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO messages (id, consultation_id, seq, rev, kind, system, created_at)
    VALUES (p_line_id, p_consultation, p_seq, p_seq, 'system', p_line || jsonb_build_object('actorId', p_actor), p_at);
  RETURN '{"outcome": "created"}'::jsonb
    || append_event(p_consultation, p_seq, p_at, p_type, p_actor, p_line_id, p_data, p_relay);
END $$;

-- UUIDv7, for the lines that the conversation gets from here.
CREATE OR REPLACE FUNCTION new_message_id() RETURNS uuid LANGUAGE sql VOLATILE AS $$
  SELECT encode(set_bit(set_bit(overlay(
      uuid_send(gen_random_uuid())
      PLACING substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
    52, 1), 53, 1), 'hex')::uuid
$$;

-- ── Guards ───────────────────────────────────────────────────────────────────────────────────────────────────────────

-- Every consultation has its counter and its cursors from its first moment.
CREATE OR REPLACE FUNCTION open_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO consultation_heads (consultation_id, last_event_at) VALUES (NEW.id, NEW.created_at);
  INSERT INTO publication_cursors (consultation_id, sink) VALUES (NEW.id, 'pusher'), (NEW.id, 'mail');
  RETURN NEW;
END $$;

-- For the triggers of what may only grow: nobody changes it, not even its owner.
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
