-- What somebody has chosen for themself. No row: the defaults, which are also those of lib/protocol/preferences.ts.

CREATE OR REPLACE FUNCTION preferences_json(p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    (SELECT to_jsonb(f) - 'user_id' FROM (
      SELECT locale, toasts, browser_notifications AS "browserNotifications",
             preview_in_notifications AS "previewInNotifications", sound, mail
      FROM preferences WHERE user_id = p_user) AS f),
    '{"locale": null, "toasts": true, "browserNotifications": false, "previewInNotifications": false, "sound": true, "mail": true}')
$$;

CREATE OR REPLACE FUNCTION read_preferences(p_session uuid, p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN session_is_live(p_session, p_user)
    THEN jsonb_build_object('outcome', 'ok', 'preferences', preferences_json(p_user)) ELSE '{"outcome": "session-ended"}' END
$$;

-- What is missing in p_change stays as it is.
CREATE OR REPLACE FUNCTION change_preferences(p_session uuid, p_user uuid, p_change jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  IF NOT session_is_live(p_session, p_user) THEN RETURN '{"outcome": "session-ended"}'; END IF;
  INSERT INTO preferences (user_id) VALUES (p_user) ON CONFLICT (user_id) DO NOTHING;
  UPDATE preferences SET
      locale = CASE WHEN p_change ? 'locale' THEN p_change->>'locale' ELSE locale END,
      toasts = coalesce((p_change->>'toasts')::boolean, toasts),
      browser_notifications = coalesce((p_change->>'browserNotifications')::boolean, browser_notifications),
      preview_in_notifications = coalesce((p_change->>'previewInNotifications')::boolean, preview_in_notifications),
      sound = coalesce((p_change->>'sound')::boolean, sound),
      mail = coalesce((p_change->>'mail')::boolean, mail)
    WHERE user_id = p_user;
  RETURN jsonb_build_object('outcome', 'ok', 'preferences', preferences_json(p_user));
END $$;
