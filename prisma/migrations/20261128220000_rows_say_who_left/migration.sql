-- A row goes on naming a counterpart where nobody else takes part any more. "left" says how they went: "declined" and
-- "withdrawn" as the line about it has it, else "left".
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
