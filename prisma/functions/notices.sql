-- What people are told on their own channels.

-- What is told after the events p_first to p_last of a consultation were published (null: none were): each present
-- participant's row as it is now, or only those of p_readers; the new messages that somebody has not read, newest first
-- and at most p_most of them; what became of earlier ones; who was removed. Whoever is only asked gets their row, but
-- no word of what is written there.
CREATE OR REPLACE FUNCTION notices_of(
  p_consultation uuid, p_first integer, p_last integer, p_everybody boolean, p_readers uuid[], p_most integer
) RETURNS jsonb LANGUAGE sql STABLE AS $$
  WITH present AS (
    SELECT p.user_id, p.read_up_to_seq, p.asked_at FROM participants p
    WHERE p.consultation_id = p_consultation AND p.left_at IS NULL
  ), readers AS (
    SELECT user_id, read_up_to_seq FROM present WHERE asked_at IS NULL
  ), published AS (
    SELECT e.seq, e.type, e.data, m.id, m.kind, m.sender_id, m.content, m.deleted_at
    FROM events e JOIN messages m ON m.id = e.message_id
    WHERE e.consultation_id = p_consultation AND e.seq BETWEEN p_first AND p_last
  )
  SELECT jsonb_build_object(
    'consultationId', p_consultation,
    'rows', (
      SELECT coalesce(jsonb_agg(jsonb_build_object('userId', user_id, 'row', row_json(p_consultation, user_id))), '[]')
      FROM present WHERE p_everybody OR user_id = ANY (p_readers)),
    'written', (
      SELECT coalesce(jsonb_agg(jsonb_build_object(
          'messageId', w.id, 'seq', w.seq, 'senderName', u.name, 'preview', preview_of(w.content),
          'tell', (SELECT coalesce(jsonb_agg(user_id), '[]') FROM readers
                   WHERE user_id <> w.sender_id AND read_up_to_seq < w.seq))
        ORDER BY w.seq), '[]')
      FROM (SELECT * FROM published WHERE type = 'new-message' AND kind = 'text' AND deleted_at IS NULL
            ORDER BY seq DESC LIMIT p_most) AS w
        JOIN users u ON u.id = w.sender_id),
    'changed', (
      SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object(
          'messageId', c.id, 'preview', preview_of(c.content),
          'tell', (SELECT coalesce(jsonb_agg(user_id), '[]') FROM readers WHERE user_id <> c.sender_id))), '[]')
      FROM published c WHERE c.type IN ('message-edited', 'message-deleted') AND c.kind = 'text'),
    'removed', (
      SELECT coalesce(jsonb_agg(DISTINCT r.data->'userId'), '[]')
      FROM published r WHERE r.type = 'user-left' AND (r.data->>'userId')::uuid NOT IN (SELECT user_id FROM present)))
$$;
