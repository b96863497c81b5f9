-- What the app reads. All STABLE, so each is one consistent look at the database.

-- ── One consultation ─────────────────────────────────────────────────────────────────────────────────────────────────

-- The p_limit newest messages below p_before (null: from the end), ascending, and whether there are older ones.
CREATE OR REPLACE FUNCTION messages_page(p_consultation uuid, p_before integer, p_limit integer)
RETURNS jsonb LANGUAGE sql STABLE AS $$
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

CREATE OR REPLACE FUNCTION read_snapshot(p_session uuid, p_user uuid, p_consultation uuid)
RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
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
              jsonb_build_object(
                'user', person_json(c.id, p.user_id), 'position', position_json(p),
                'invitation', invitation_json(c.id, p.user_id)) || presence_in_json(c.id, p.user_id, p_user)
            ORDER BY p.joined_at, p.user_id), '[]')
          FROM participants p WHERE p.consultation_id = c.id AND p.left_at IS NULL),
        'headSeq', h.head_seq, 'epoch', current_epoch(), 'serverTime', iso(clock_timestamp()))
      || messages_page(c.id, NULL, 50)
      || push_json(c.id)
    FROM consultations c JOIN consultation_heads h ON h.consultation_id = c.id
    WHERE c.id = p_consultation);
END $$;

-- Forward from p_after. 'reset' answers a client whose past is not ours: another epoch, a seq beyond the head, or
-- another time at the seq it knows last (RCV4).
CREATE OR REPLACE FUNCTION read_events(
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
            ORDER BY e.seq LIMIT p_limit) AS page (e)))
    || push_json(p_consultation);
END $$;

CREATE OR REPLACE FUNCTION read_messages(p_session uuid, p_user uuid, p_consultation uuid, p_before integer, p_limit integer)
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

-- ── The list ─────────────────────────────────────────────────────────────────────────────────────────────────────────

-- Whom the list shows on a line: for a practitioner the patient, for everybody else the practitioner. A row goes on naming
-- a counterpart where nobody else takes part any more. "left" says how they went: "declined" and "withdrawn" as the line
-- about it has it, else "left".
CREATE OR REPLACE FUNCTION counterpart_json(p_consultation uuid, p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT person_json(p_consultation, u.id) || presence_in_json(p_consultation, u.id, p_user)
    || CASE WHEN p.left_at IS NULL THEN '{}' ELSE jsonb_build_object('left', coalesce((
      SELECT m.system->>'invitation' FROM messages m
      WHERE m.consultation_id = p_consultation AND m.kind = 'system'
        AND m.system->>'type' = 'user-left' AND (m.system->>'userId')::uuid = u.id
      ORDER BY m.seq DESC LIMIT 1), 'left')) END
  FROM participants p JOIN users u ON u.id = p.user_id
  WHERE p.consultation_id = p_consultation AND p.user_id <> p_user
  ORDER BY
    (p.left_at IS NULL) DESC,
    (u.role = CASE (SELECT role FROM users WHERE id = p_user) WHEN 'PRACTITIONER' THEN 'PATIENT' ELSE 'PRACTITIONER' END::"Role") DESC,
    p.joined_at, u.id
  LIMIT 1
$$;

-- Who asks: whoever has invited, and no colleague in whose name they might hide, also when they have left since.
CREATE OR REPLACE FUNCTION asker_json(p_consultation uuid, p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT person_json(p_consultation, i.invited_by) || presence_in_json(p_consultation, i.invited_by, p_user)
  FROM invitations i WHERE i.consultation_id = p_consultation AND i.user_id = p_user
  ORDER BY i.created_at DESC LIMIT 1
$$;

-- One line of a participant's list; null for everybody else. Whoever is asked sees who asks and what about, and nothing
-- that only participants see.
CREATE OR REPLACE FUNCTION row_json(p_consultation uuid, p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'id', c.id, 'status', c.status, 'subject', c.subject, 'scheduledFor', iso(c.scheduled_for),
    'counterpart', CASE WHEN p.asked_at IS NOT NULL THEN asker_json(c.id, p_user) ELSE counterpart_json(c.id, p_user) END)
  || CASE WHEN p.asked_at IS NOT NULL THEN jsonb_build_object(
    'request', jsonb_build_object('askedAt', iso(p.asked_at)),
    'othersCount', 1, 'invitation', NULL, 'lastMessage', NULL, 'unreadCount', 0,
    'lastActivityAt', iso(p.asked_at), 'headSeq', 0, 'readUpToSeq', 0)
  ELSE jsonb_build_object(
    'othersCount', (
      SELECT count(*) FROM participants o WHERE o.consultation_id = c.id AND o.user_id <> p_user AND o.left_at IS NULL),
    'invitation', (
      SELECT jsonb_build_object('userId', o.user_id) || invitation_json(c.id, o.user_id)
      FROM participants o
      WHERE o.consultation_id = c.id AND o.left_at IS NULL AND o.asked_at IS NOT NULL
      ORDER BY o.joined_at, o.user_id LIMIT 1),
    'lastMessage', (
      SELECT jsonb_build_object('id', m.id, 'seq', m.seq, 'senderId', m.sender_id, 'senderName', u.name,
                                'preview', preview_of(m.content),
                                'createdAt', iso(m.created_at))
      FROM messages m JOIN users u ON u.id = m.sender_id
      WHERE m.consultation_id = c.id AND m.kind = 'text' AND m.deleted_at IS NULL
      ORDER BY m.seq DESC LIMIT 1),
    'unreadCount', (
      SELECT count(*) FROM messages m
      WHERE m.consultation_id = c.id AND m.seq > p.read_up_to_seq
        AND m.kind = 'text' AND m.deleted_at IS NULL AND m.sender_id <> p_user),
    'lastActivityAt', iso(h.last_event_at), 'headSeq', h.head_seq, 'readUpToSeq', p.read_up_to_seq) END
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
      row_json(p.consultation_id, p_user) ORDER BY coalesce(p.asked_at, h.last_event_at) DESC, p.consultation_id), '[]'))
    FROM participants p JOIN consultation_heads h ON h.consultation_id = p.consultation_id
    WHERE p.user_id = p_user AND p.left_at IS NULL);
END $$;

-- ── People ───────────────────────────────────────────────────────────────────────────────────────────────────────────

-- Whom a practitioner may add.
CREATE OR REPLACE FUNCTION list_colleagues(p_session uuid, p_user uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF NOT session_is_live(p_session, p_user) THEN RETURN '{"outcome": "session-ended"}'; END IF;
  IF NOT is_practitioner(p_user) THEN RETURN '{"outcome": "not-allowed"}'; END IF;
  RETURN (
    SELECT jsonb_build_object('outcome', 'ok', 'users', coalesce(jsonb_agg(user_json(u.id) ORDER BY u.name, u.id), '[]'))
    FROM users u WHERE u.role IN ('PRACTITIONER', 'INTERPRETER') AND u.disabled_at IS NULL AND u.id <> p_user);
END $$;

CREATE OR REPLACE FUNCTION read_viewer(p_session uuid, p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN session_is_live(p_session, p_user)
    THEN jsonb_build_object('outcome', 'ok', 'user', user_json(p_user)) ELSE '{"outcome": "session-ended"}' END
$$;

CREATE OR REPLACE FUNCTION check_participant(p_session uuid, p_user uuid, p_consultation uuid)
RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    refusal_of_access(p_session, p_user, p_consultation),
    jsonb_build_object('outcome', 'ok', 'user', user_json(p_user)))
$$;
