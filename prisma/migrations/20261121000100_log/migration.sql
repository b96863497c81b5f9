-- The log: its one writer, the commands that use it, and the reads that fold back to it.
--
-- Every function answers one jsonb object with an "outcome": 'ok', 'created', 'repeat', 'unchanged', or the code of a
-- refusal (lib/protocol/errors.ts). A refusal has changed nothing. Session, membership, state and content of the log
-- are judged inside the statement that acts on them, so that one command is one round trip and no check can go stale
-- before its write.

-- ── Guards ──────────────────────────────────────────────────────────────────────────────────────────────────────────

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE ON events FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER message_revisions_append_only BEFORE UPDATE OR DELETE ON message_revisions
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER message_revisions_no_truncate BEFORE TRUNCATE ON message_revisions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Every consultation has its counter and its cursors from its first moment.
CREATE FUNCTION open_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO consultation_heads (consultation_id, last_event_at) VALUES (NEW.id, NEW.created_at);
  INSERT INTO publication_cursors (consultation_id, sink) VALUES (NEW.id, 'pusher');
  RETURN NEW;
END $$;

CREATE TRIGGER consultations_open_log AFTER INSERT ON consultations FOR EACH ROW EXECUTE FUNCTION open_log();

-- ── Protocol shapes ─────────────────────────────────────────────────────────────────────────────────────────────────

CREATE FUNCTION iso(p_at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- Names this history of this database: another cluster, another timeline (a restore, a promotion) or
-- `npm run db:restored` make another epoch, and clients start over instead of trusting reused numbers.
CREATE FUNCTION current_epoch() RETURNS text LANGUAGE plpgsql STABLE AS $$
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

CREATE FUNCTION user_json(p_user_id uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('id', u.id, 'role', u.role, 'name', u.name, 'image', u.image) FROM users u WHERE u.id = p_user_id
$$;

-- A quote's words follow the message they came from: nothing of them is stored with the reply. The length is that of
-- lib/protocol/excerpt.ts, so that a client which folds an edit comes to the same quote.
CREATE FUNCTION reply_json(p_message_id uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('id', q.id, 'seq', q.seq, 'senderName', coalesce(u.name, ''), 'excerpt', left(q.content, 140))
  FROM messages q LEFT JOIN users u ON u.id = q.sender_id
  WHERE q.id = p_message_id
$$;

CREATE FUNCTION system_json(p_system jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('type', p_system->'type', 'actor', user_json((p_system->>'actorId')::uuid))
    || CASE p_system->>'type'
         WHEN 'consultation-completed' THEN jsonb_build_object('closingNote', p_system->'closingNote')
         WHEN 'user-joined' THEN jsonb_build_object('user', user_json((p_system->>'userId')::uuid))
         WHEN 'user-left' THEN jsonb_build_object('user', user_json((p_system->>'userId')::uuid))
         ELSE '{}' END
$$;

-- A message as it is now. A deleted one is a tombstone: no content, no quote.
CREATE FUNCTION message_json(m messages) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
      'id', m.id, 'seq', m.seq, 'rev', m.rev, 'kind', m.kind, 'content', m.content,
      'sender', CASE WHEN m.sender_id IS NOT NULL THEN user_json(m.sender_id) END,
      'replyTo', CASE WHEN m.reply_to_id IS NOT NULL AND m.deleted_at IS NULL THEN reply_json(m.reply_to_id) END,
      'attachments', '[]'::jsonb, 'reactions', '[]'::jsonb,
      'createdAt', iso(m.created_at), 'editedAt', iso(m.edited_at), 'deletedAt', iso(m.deleted_at))
    || CASE WHEN m.system IS NOT NULL THEN jsonb_build_object('system', system_json(m.system)) ELSE '{}' END
$$;

-- Content is joined here, at the moment of reading: what was deleted since replays as a tombstone.
CREATE FUNCTION event_json(e events, p_epoch text) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'v', 1, 'consultationId', e.consultation_id, 'epoch', p_epoch, 'seq', e.seq, 'type', e.type,
    'actorId', e.actor_id, 'at', iso(e.at),
    'data', e.data || jsonb_build_object('message', (SELECT message_json(m) FROM messages m WHERE m.id = e.message_id)))
$$;

CREATE FUNCTION position_json(p participants) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'userId', p.user_id,
    'deliveredUpToSeq', p.delivered_up_to_seq, 'deliveredAt', iso(p.delivered_at),
    'readUpToSeq', p.read_up_to_seq, 'readAt', iso(p.read_at))
$$;

-- ── Judging ─────────────────────────────────────────────────────────────────────────────────────────────────────────

-- The token says who; the row says whether that still holds.
CREATE FUNCTION session_is_live(p_session uuid, p_user uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = p_session AND s.user_id = p_user
      AND s.ended_at IS NULL AND s.expires_at > clock_timestamp() AND u.disabled_at IS NULL)
$$;

CREATE FUNCTION is_participant(p_consultation uuid, p_user uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM participants p WHERE p.consultation_id = p_consultation AND p.user_id = p_user AND p.left_at IS NULL)
$$;

-- null: go on. A stranger learns the same of a consultation that is not theirs as of one that does not exist.
CREATE FUNCTION refusal_of_access(p_session uuid, p_user uuid, p_consultation uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN NOT session_is_live(p_session, p_user) THEN '{"outcome": "session-ended"}'::jsonb
    WHEN NOT is_participant(p_consultation, p_user) THEN '{"outcome": "not-found"}'::jsonb
  END
$$;

-- ── Writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

-- Takes the consultation's turn: until this transaction ends nobody else can append to it. The number and the time are
-- chosen under the lock, so seq is gapless in commit order and time never runs backwards in seq (SEQ1).
CREATE FUNCTION take_turn(p_consultation uuid, OUT next_seq integer, OUT at timestamptz(3)) LANGUAGE sql AS $$
  SELECT h.head_seq + 1, greatest(clock_timestamp()::timestamptz(3), h.last_event_at)
  FROM consultation_heads h WHERE h.consultation_id = p_consultation FOR NO KEY UPDATE
$$;

-- The only statement in the product that adds to the log. The caller holds the turn. When nothing waits to be
-- published, the writer's own relay (p_relay) gets the publication lease in the same write and answers its fence:
-- then the event can be pushed without another round trip.
CREATE FUNCTION append_event(
  p_consultation uuid, p_seq integer, p_at timestamptz, p_type text, p_actor uuid, p_message uuid, p_data jsonb, p_relay uuid
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_event events;
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

  UPDATE publication_cursors SET
      dirty = true,
      lease_owner = p_relay,
      lease_fence = lease_fence + 1,
      lease_until = clock_timestamp() + interval '10 seconds'
    WHERE consultation_id = p_consultation AND sink = 'pusher' AND NOT dirty AND p_relay IS NOT NULL
    RETURNING lease_fence INTO v_fence;
  UPDATE publication_cursors SET dirty = true WHERE consultation_id = p_consultation AND NOT dirty;

  RETURN jsonb_build_object('event', event_json(v_event, current_epoch()), 'fence', v_fence);
END $$;

CREATE FUNCTION send_message(
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
      OR (v_known.rev = v_known.seq AND v_known.content = p_content AND v_known.reply_to_id IS NOT DISTINCT FROM p_reply_to)
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

-- Start or complete. p_from is the only state the move is legal from; being there already is no change.
CREATE FUNCTION change_consultation_status(
  p_session uuid, p_user uuid, p_consultation uuid, p_from "ConsultationStatus", p_to "ConsultationStatus",
  p_line_id uuid, p_line jsonb, p_relay uuid
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_turn record;
  v_refusal jsonb;
  v_status "ConsultationStatus";
BEGIN
  SELECT * INTO v_turn FROM take_turn(p_consultation);
  v_refusal := refusal_of_access(p_session, p_user, p_consultation);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;
  IF NOT EXISTS (SELECT FROM users WHERE id = p_user AND role = 'PRACTITIONER') THEN
    RETURN '{"outcome": "not-allowed"}';
  END IF;

  SELECT status INTO v_status FROM consultations WHERE id = p_consultation;
  IF v_status = p_to THEN RETURN '{"outcome": "unchanged", "event": null}'; END IF;
  IF v_status <> p_from THEN
    RETURN jsonb_build_object(
      'outcome', CASE p_from WHEN 'IN_PROGRESS' THEN 'consultation-not-in-progress' ELSE 'consultation-state' END,
      'details', jsonb_build_object('status', v_status));
  END IF;

  UPDATE consultations SET
      status = p_to,
      started_at = CASE p_to WHEN 'IN_PROGRESS' THEN v_turn.at ELSE started_at END,
      ended_at = CASE p_to WHEN 'COMPLETED' THEN v_turn.at ELSE ended_at END
    WHERE id = p_consultation;
  INSERT INTO messages (id, consultation_id, seq, rev, kind, system, created_at)
    VALUES (p_line_id, p_consultation, v_turn.next_seq, v_turn.next_seq, 'system',
            p_line || jsonb_build_object('actorId', p_user), v_turn.at);
  RETURN '{"outcome": "created"}'::jsonb
    || append_event(p_consultation, v_turn.next_seq, v_turn.at, 'consultation-status-changed', p_user, p_line_id,
                    jsonb_build_object('status', p_to), p_relay);
END $$;

-- Positions only grow (RCV7); they are not events and take no turn. A seq the client could not have seen is refused.
CREATE FUNCTION record_receipt(p_session uuid, p_user uuid, p_consultation uuid, p_delivered integer, p_read integer)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_refusal jsonb := refusal_of_access(p_session, p_user, p_consultation);
  v_head integer;
  v_delivered integer := greatest(coalesce(p_delivered, 0), coalesce(p_read, 0));
  v_read integer := coalesce(p_read, 0);
  v_row participants;
BEGIN
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;
  SELECT head_seq INTO v_head FROM consultation_heads WHERE consultation_id = p_consultation;
  IF v_delivered > v_head THEN
    RETURN jsonb_build_object('outcome', 'validation-failed', 'details', jsonb_build_object('headSeq', v_head, 'fields',
      jsonb_build_object(CASE WHEN v_read > v_head THEN 'readUpToSeq' ELSE 'deliveredUpToSeq' END, 'beyond-the-head')));
  END IF;

  UPDATE participants SET
      delivered_at = CASE WHEN v_delivered > delivered_up_to_seq THEN clock_timestamp() ELSE delivered_at END,
      delivered_up_to_seq = greatest(delivered_up_to_seq, v_delivered),
      read_at = CASE WHEN v_read > read_up_to_seq THEN clock_timestamp() ELSE read_at END,
      read_up_to_seq = greatest(read_up_to_seq, v_read)
    WHERE consultation_id = p_consultation AND user_id = p_user
      AND (delivered_up_to_seq < v_delivered OR read_up_to_seq < v_read)
    RETURNING * INTO v_row;
  IF FOUND THEN
    RETURN jsonb_build_object('outcome', 'created', 'position', position_json(v_row), 'epoch', current_epoch());
  END IF;
  RETURN (
    SELECT jsonb_build_object('outcome', 'unchanged', 'position', position_json(p))
    FROM participants p WHERE p.consultation_id = p_consultation AND p.user_id = p_user);
END $$;

-- ── Reading: STABLE, so each is one consistent look at the database ─────────────────────────────────────────────────

CREATE FUNCTION positions_json(p_consultation uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(position_json(p) ORDER BY p.joined_at, p.user_id), '[]')
  FROM participants p WHERE p.consultation_id = p_consultation AND p.left_at IS NULL
$$;

-- The p_limit newest messages below p_before (null: from the end), ascending, and whether there are older ones.
CREATE FUNCTION messages_page(p_consultation uuid, p_before integer, p_limit integer) RETURNS jsonb LANGUAGE sql STABLE AS $$
  WITH page AS (
    SELECT m FROM messages m
    WHERE m.consultation_id = p_consultation AND (p_before IS NULL OR m.seq < p_before)
    ORDER BY m.seq DESC LIMIT p_limit + 1
  ), numbered AS (
    SELECT m, row_number() OVER (ORDER BY (m).seq DESC) AS place FROM page
  )
  SELECT jsonb_build_object(
    'messages', coalesce(jsonb_agg(message_json(m) ORDER BY (m).seq) FILTER (WHERE place <= p_limit), '[]'),
    'hasMore', count(*) > p_limit)
  FROM numbered
$$;

CREATE FUNCTION read_snapshot(p_session uuid, p_user uuid, p_consultation uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_refusal jsonb := refusal_of_access(p_session, p_user, p_consultation);
BEGIN
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;
  RETURN (
    SELECT jsonb_build_object(
        'outcome', 'ok',
        'consultation', jsonb_build_object(
          'id', c.id, 'status', c.status, 'subject', c.subject, 'scheduledFor', iso(c.scheduled_for),
          'startedAt', iso(c.started_at), 'endedAt', iso(c.ended_at)),
        'participants', (
          SELECT coalesce(jsonb_agg(jsonb_build_object(
              'user', user_json(p.user_id), 'online', false, 'lastActiveAt', null, 'position', position_json(p))
            ORDER BY p.joined_at, p.user_id), '[]')
          FROM participants p WHERE p.consultation_id = c.id AND p.left_at IS NULL),
        'headSeq', h.head_seq, 'epoch', current_epoch(), 'serverTime', iso(clock_timestamp()))
      || messages_page(c.id, NULL, 50)
    FROM consultations c JOIN consultation_heads h ON h.consultation_id = c.id
    WHERE c.id = p_consultation);
END $$;

-- Forward from p_after. 'reset' answers a client whose past is not ours: another epoch, a seq beyond the head, or
-- another time at the seq it knows last (RCV4).
CREATE FUNCTION read_events(
  p_session uuid, p_user uuid, p_consultation uuid, p_after integer, p_after_at timestamptz, p_epoch text, p_limit integer
) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_refusal jsonb := refusal_of_access(p_session, p_user, p_consultation);
  v_epoch text;
  v_head integer;
BEGIN
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;
  v_epoch := current_epoch();
  SELECT head_seq INTO v_head FROM consultation_heads WHERE consultation_id = p_consultation;
  IF p_epoch <> v_epoch OR p_after > v_head OR EXISTS (
    SELECT FROM events WHERE consultation_id = p_consultation AND seq = p_after AND at <> p_after_at
  ) THEN
    RETURN jsonb_build_object('outcome', 'ok', 'reset', true, 'headSeq', v_head, 'epoch', v_epoch);
  END IF;
  RETURN jsonb_build_object(
    'outcome', 'ok', 'headSeq', v_head, 'epoch', v_epoch, 'positions', positions_json(p_consultation),
    'events', (
      SELECT coalesce(jsonb_agg(event_json(e, v_epoch) ORDER BY (e).seq), '[]')
      FROM (SELECT e FROM events e WHERE e.consultation_id = p_consultation AND e.seq > p_after
            ORDER BY e.seq LIMIT p_limit) AS page (e)));
END $$;

CREATE FUNCTION read_messages(p_session uuid, p_user uuid, p_consultation uuid, p_before integer, p_limit integer)
RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_refusal jsonb := refusal_of_access(p_session, p_user, p_consultation);
BEGIN
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;
  RETURN (
    SELECT jsonb_build_object('outcome', 'ok', 'headSeq', h.head_seq, 'epoch', current_epoch())
    FROM consultation_heads h WHERE h.consultation_id = p_consultation)
    || messages_page(p_consultation, p_before, p_limit);
END $$;

-- Whom the list shows on a line: for a practitioner the patient, for everybody else the practitioner.
CREATE FUNCTION counterpart_json(p_consultation uuid, p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT user_json(u.id) || '{"online": false, "lastActiveAt": null}'
  FROM participants p JOIN users u ON u.id = p.user_id
  WHERE p.consultation_id = p_consultation AND p.user_id <> p_user
  ORDER BY
    (p.left_at IS NULL) DESC,
    (u.role = CASE (SELECT role FROM users WHERE id = p_user) WHEN 'PRACTITIONER' THEN 'PATIENT' ELSE 'PRACTITIONER' END::"Role") DESC,
    p.joined_at, u.id
  LIMIT 1
$$;

CREATE FUNCTION list_consultations(p_session uuid, p_user uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF NOT session_is_live(p_session, p_user) THEN RETURN '{"outcome": "session-ended"}'; END IF;
  RETURN (
    SELECT jsonb_build_object('outcome', 'ok', 'consultations', coalesce(jsonb_agg(
      jsonb_build_object(
        'id', c.id, 'status', c.status, 'subject', c.subject,
        'counterpart', counterpart_json(c.id, p_user),
        'lastMessage', (
          SELECT jsonb_build_object('id', m.id, 'seq', m.seq, 'senderId', m.sender_id,
                                    'preview', left(regexp_replace(m.content, '\s+', ' ', 'g'), 120),
                                    'createdAt', iso(m.created_at))
          FROM messages m
          WHERE m.consultation_id = c.id AND m.kind = 'text' AND m.deleted_at IS NULL
          ORDER BY m.seq DESC LIMIT 1),
        'unreadCount', (
          SELECT count(*) FROM messages m
          WHERE m.consultation_id = c.id AND m.seq > p.read_up_to_seq
            AND m.kind = 'text' AND m.deleted_at IS NULL AND m.sender_id <> p_user),
        'lastActivityAt', iso(h.last_event_at), 'headSeq', h.head_seq, 'readUpToSeq', p.read_up_to_seq)
      ORDER BY h.last_event_at DESC, c.id), '[]'))
    FROM participants p
      JOIN consultations c ON c.id = p.consultation_id
      JOIN consultation_heads h ON h.consultation_id = c.id
    WHERE p.user_id = p_user AND p.left_at IS NULL);
END $$;

CREATE FUNCTION read_viewer(p_session uuid, p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN session_is_live(p_session, p_user)
    THEN jsonb_build_object('outcome', 'ok', 'user', user_json(p_user)) ELSE '{"outcome": "session-ended"}' END
$$;

CREATE FUNCTION check_participant(p_session uuid, p_user uuid, p_consultation uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    refusal_of_access(p_session, p_user, p_consultation),
    jsonb_build_object('outcome', 'ok', 'user', user_json(p_user)))
$$;

-- ── Publishing ──────────────────────────────────────────────────────────────────────────────────────────────────────
-- A relay holds a consultation by a lease with a fence: each claim raises the number, and only the newest holder can
-- move the cursor. Delivery is at least once and in order; the receiver's seq makes it exactly once.

CREATE FUNCTION events_after(p_consultation uuid, p_after integer, p_limit integer) RETURNS jsonb LANGUAGE sql STABLE AS $$
  WITH epoch AS MATERIALIZED (SELECT current_epoch() AS name)
  SELECT coalesce(jsonb_agg(event_json(e, epoch.name) ORDER BY (e).seq), '[]')
  FROM epoch, (SELECT e FROM events e WHERE e.consultation_id = p_consultation AND e.seq > p_after
               ORDER BY e.seq LIMIT p_limit) AS page (e)
$$;

-- Up to p_most consultations that are behind and that nobody holds, each with its next events.
CREATE FUNCTION claim_publications(p_owner uuid, p_most integer, p_events integer) RETURNS jsonb
LANGUAGE sql AS $$
  WITH free AS (
    SELECT c.consultation_id FROM publication_cursors c
    WHERE c.sink = 'pusher' AND c.dirty AND (c.lease_until IS NULL OR c.lease_until < clock_timestamp())
    ORDER BY c.lease_until NULLS FIRST LIMIT p_most
    FOR UPDATE SKIP LOCKED
  ), claimed AS (
    UPDATE publication_cursors c SET
        lease_owner = p_owner, lease_fence = c.lease_fence + 1, lease_until = clock_timestamp() + interval '10 seconds'
      FROM free WHERE c.consultation_id = free.consultation_id AND c.sink = 'pusher'
      RETURNING c.consultation_id, c.lease_fence, c.published_seq
  )
  SELECT coalesce(jsonb_agg(jsonb_build_object(
    'consultationId', consultation_id, 'fence', lease_fence,
    'events', events_after(consultation_id, published_seq, p_events))), '[]')
  FROM claimed
$$;

-- The holder has published up to p_seq: moves the cursor, and either goes on with the next events or gives the lease
-- back. Whether anything is left is decided under the head's lock: an append that has not committed yet either sees a
-- clean cursor and marks it, or is waited for here. 'lost': another holder has taken over.
CREATE FUNCTION advance_publication(p_consultation uuid, p_fence integer, p_seq integer, p_events integer) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  v_head integer;
BEGIN
  SELECT head_seq INTO v_head FROM consultation_heads WHERE consultation_id = p_consultation FOR SHARE;
  UPDATE publication_cursors SET
      published_seq = greatest(published_seq, p_seq),
      failures = 0,
      dirty = v_head > p_seq,
      lease_owner = CASE WHEN v_head > p_seq THEN lease_owner END,
      lease_until = CASE WHEN v_head > p_seq THEN clock_timestamp() + interval '10 seconds' END
    WHERE consultation_id = p_consultation AND sink = 'pusher' AND lease_fence = p_fence AND lease_owner IS NOT NULL;
  IF NOT FOUND THEN RETURN '{"outcome": "lost", "events": []}'; END IF;
  RETURN jsonb_build_object('outcome', 'ok', 'events',
    CASE WHEN v_head > p_seq THEN events_after(p_consultation, p_seq, p_events) ELSE '[]' END);
END $$;

-- Publishing failed: gives the lease back, and nobody asks again before a pause of 1, 2, 4 ... at most 30 seconds.
CREATE FUNCTION postpone_publication(p_consultation uuid, p_fence integer) RETURNS void LANGUAGE sql AS $$
  UPDATE publication_cursors SET
      failures = failures + 1, lease_owner = NULL,
      lease_until = clock_timestamp() + least(30, power(2, least(failures, 5))) * interval '1 second'
    WHERE consultation_id = p_consultation AND sink = 'pusher' AND lease_fence = p_fence
$$;
