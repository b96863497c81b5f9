-- Rows say whose words they show and how many take part; rows and participants say who has not accepted yet.

-- The newest invitation to this consultation of somebody who has not accepted any; null: they need none any more.
-- Accepting is for good, and a later invitation has a later time: readings of one invitation order by that.
CREATE FUNCTION invitation_json(p_consultation uuid, p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('invitedAt', iso(i.created_at), 'expiresAt', iso(i.expires_at))
  FROM invitations i JOIN users u ON u.id = i.user_id
  WHERE i.consultation_id = p_consultation AND i.user_id = p_user AND u.invited_at IS NOT NULL
  ORDER BY i.created_at DESC LIMIT 1
$$;

-- As before, with senderName, othersCount and invitation.
CREATE OR REPLACE FUNCTION row_json(p_consultation uuid, p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'id', c.id, 'status', c.status, 'subject', c.subject, 'scheduledFor', iso(c.scheduled_for),
    'counterpart', counterpart_json(c.id, p_user),
    'othersCount', (
      SELECT count(*) FROM participants o WHERE o.consultation_id = c.id AND o.user_id <> p_user AND o.left_at IS NULL),
    'invitation', (
      SELECT jsonb_build_object('userId', u.id) || invitation_json(c.id, u.id)
      FROM participants o JOIN users u ON u.id = o.user_id
      WHERE o.consultation_id = c.id AND o.left_at IS NULL AND u.invited_at IS NOT NULL
      ORDER BY o.joined_at, u.id LIMIT 1),
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
    'lastActivityAt', iso(h.last_event_at), 'headSeq', h.head_seq, 'readUpToSeq', p.read_up_to_seq)
  FROM participants p
    JOIN consultations c ON c.id = p.consultation_id
    JOIN consultation_heads h ON h.consultation_id = c.id
  WHERE p.consultation_id = p_consultation AND p.user_id = p_user AND p.left_at IS NULL
$$;

-- As before, with each participant's invitation.
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
              jsonb_build_object(
                'user', user_json(p.user_id), 'position', position_json(p),
                'invitation', invitation_json(c.id, p.user_id)) || presence_json(p.user_id)
            ORDER BY p.joined_at, p.user_id), '[]')
          FROM participants p WHERE p.consultation_id = c.id AND p.left_at IS NULL),
        'headSeq', h.head_seq, 'epoch', current_epoch(), 'serverTime', iso(clock_timestamp()))
      || messages_page(c.id, NULL, 50)
      || push_json(c.id)
    FROM consultations c JOIN consultation_heads h ON h.consultation_id = c.id
    WHERE c.id = p_consultation);
END $$;
