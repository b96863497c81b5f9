-- Who may do what, as of this moment. Whatever acts on the log judges inside the statement that acts, so that one
-- command is one round trip and no check can go stale before its write. null of a refusal_of_*: go on.

-- The token says who; the row says whether that still holds.
CREATE OR REPLACE FUNCTION session_is_live(p_session uuid, p_user uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = p_session AND s.user_id = p_user
      AND s.ended_at IS NULL AND s.expires_at > clock_timestamp() AND u.disabled_at IS NULL)
$$;

-- ── Who takes part ───────────────────────────────────────────────────────────────────────────────────────────────────

-- Whatever is allowed to participants is not to whoever was asked only: every command and every reading comes by here.
CREATE OR REPLACE FUNCTION is_participant(p_consultation uuid, p_user uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM participants p
    WHERE p.consultation_id = p_consultation AND p.user_id = p_user AND p.left_at IS NULL AND p.asked_at IS NULL)
$$;

CREATE OR REPLACE FUNCTION is_asked(p_consultation uuid, p_user uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM participants p
    WHERE p.consultation_id = p_consultation AND p.user_id = p_user AND p.left_at IS NULL AND p.asked_at IS NOT NULL)
$$;

-- Whether these two need no asking.
CREATE OR REPLACE FUNCTION know_each_other(p_user uuid, p_other uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM participants p
    WHERE p.user_id = p_user AND is_participant(p.consultation_id, p_user) AND is_participant(p.consultation_id, p_other))
$$;

CREATE OR REPLACE FUNCTION is_practitioner(p_user uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM users WHERE id = p_user AND role = 'PRACTITIONER')
$$;

-- ── Refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────────

-- A stranger learns the same of a consultation that is not theirs as of one that does not exist.
CREATE OR REPLACE FUNCTION refusal_of_access(p_session uuid, p_user uuid, p_consultation uuid)
RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN NOT session_is_live(p_session, p_user) THEN '{"outcome": "session-ended"}'::jsonb
    WHEN NOT is_participant(p_consultation, p_user) THEN '{"outcome": "not-found"}'::jsonb
  END
$$;

-- For what a practitioner of the consultation may do.
CREATE OR REPLACE FUNCTION refusal_of_leading(p_session uuid, p_user uuid, p_consultation uuid)
RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    refusal_of_access(p_session, p_user, p_consultation),
    CASE WHEN NOT is_practitioner(p_user) THEN '{"outcome": "not-allowed"}'::jsonb END)
$$;

-- p_window_seconds: for how long after it was sent a message may be changed; null: without end.
CREATE OR REPLACE FUNCTION refusal_of_change(m messages, p_window_seconds integer)
RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN c.status <> 'IN_PROGRESS' THEN
      jsonb_build_object('outcome', 'consultation-not-in-progress', 'details', jsonb_build_object('status', c.status))
    WHEN m.deleted_at IS NOT NULL THEN '{"outcome": "message-deleted"}'
    WHEN clock_timestamp() > m.created_at + make_interval(secs => p_window_seconds) THEN '{"outcome": "edit-window-closed"}'
  END
  FROM consultations c WHERE c.id = m.consultation_id
$$;

-- For who comes and goes: not once it is over (UI3).
CREATE OR REPLACE FUNCTION refusal_of_membership_change(p_consultation uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN c.status IN ('COMPLETED', 'CANCELLED') THEN
    jsonb_build_object('outcome', 'consultation-state', 'details', jsonb_build_object('status', c.status)) END
  FROM consultations c WHERE c.id = p_consultation
$$;
