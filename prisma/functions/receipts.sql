-- How far each participant has received and read. Positions are not events and take no turn.

CREATE OR REPLACE FUNCTION position_json(p participants) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'userId', p.user_id,
    'deliveredUpToSeq', p.delivered_up_to_seq, 'deliveredAt', iso(p.delivered_at),
    'readUpToSeq', p.read_up_to_seq, 'readAt', iso(p.read_at))
$$;

CREATE OR REPLACE FUNCTION positions_json(p_consultation uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(position_json(p) ORDER BY p.joined_at, p.user_id), '[]')
  FROM participants p WHERE p.consultation_id = p_consultation AND p.left_at IS NULL
$$;

-- Positions only grow (RCV7). A seq the client could not have seen is refused.
CREATE OR REPLACE FUNCTION record_receipt(p_session uuid, p_user uuid, p_consultation uuid, p_delivered integer, p_read integer)
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
