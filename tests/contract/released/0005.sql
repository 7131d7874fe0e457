-- Rows as the fifth schema has them: one job in each kind of state, with what belongs to it. SQL that both databases take.
INSERT INTO jobs (seq, id, state, state_since, prompt, brought_code, options, metadata, created_at, updated_at, deadline_at,
    ended_at, owner, lease_until, fence, tries, cancel_requested, generator, title, explanation, code, verdict, partial,
    partial_reason, failure, video, video_expires_at, held_video, progress, timings, isolation, last_event, account, api_key)
VALUES
(1, 'complete22222222222222222a', 'complete', 1000005, 'a circle – “круг”', NULL,
    '{"quality":"low","aspect_ratio":"9:16","fps":24,"background":"#000000","seed":7,"scene":null,"model":null,"duration_hint_seconds":null}',
    '{"a":[1,{"b":null}]}', 1000000, 1000005, NULL, 1000005, NULL, NULL, 1, 1, false, 'offline', 'A circle', 'It grows.',
    'from manim import *', 'ok', true, 'timeout', NULL,
    '{"name":"v.mp4","url":"http://x/v.mp4","bytes":9,"sha256":"ab","width":854,"height":480,"fps":15.0,"duration_s":2.5,"expires_at":2000000.0}',
    2000000, NULL, '{}', '{"queued":1.5,"rendering":3.0}', '{"backend":"bubblewrap"}', 2, 'ada', 'k1'),
(2, 'failed2222222222222222222a', 'failed', 1000009, 'a square', 'class S(Scene): ...',
    '{"quality":"high","aspect_ratio":"16:9","fps":null,"background":"#ffffff","seed":null,"scene":"S","model":null,"duration_hint_seconds":7.5}',
    '{}', 1000001, 1000009, 1000900, 1000009, NULL, NULL, 2, 2, false, 'user', NULL, NULL, 'class S(Scene): ...',
    'scene_error', false, NULL,
    '{"code":"scene_error","message":"It broke.","hint":"Mend it.","retryable":false,"stage":"rendering","line":3,"traceback":"…"}',
    NULL, NULL, '/data/held/failed2222222222222222222a-2', '{}', '{}', NULL, 1, 'local', NULL),
(3, 'running222222222222222222a', 'rendering', 1000020, 'a spiral', NULL,
    '{"quality":"medium","aspect_ratio":"1:1","fps":null,"background":"#000000","seed":null,"scene":null,"model":null,"duration_hint_seconds":null}',
    '{}', 1000010, 1000020, NULL, NULL, 'host-1', 1000050, 1, 1, true, 'gemini', 'Spiral', NULL, 'x = 1', NULL, false, NULL,
    NULL, NULL, NULL, NULL, '{"animation":2}', '{"queued":0.5}', NULL, 1, 'ada', 'k1'),
(4, 'queued2222222222222222222a', 'queued', 1000030, 'a cube', NULL,
    '{"quality":"medium","aspect_ratio":"16:9","fps":null,"background":"#000000","seed":null,"scene":null,"model":null,"duration_hint_seconds":null}',
    '{}', 1000030, 1000030, NULL, NULL, NULL, NULL, 0, 0, false, NULL, NULL, NULL, NULL, NULL, false, NULL, NULL, NULL, NULL, NULL,
    '{}', '{}', NULL, 1, 'ada', 'k1');
INSERT INTO events (job_id, number, at, kind, data) VALUES
('complete22222222222222222a', 1, 1000000, 'state', '{"state":"queued"}'),
('complete22222222222222222a', 2, 1000005, 'end', '{"state":"complete","failure":null,"partial":false}'),
('failed2222222222222222222a', 1, 1000001, 'state', '{"state":"queued"}'),
('running222222222222222222a', 1, 1000010, 'state', '{"state":"queued"}'),
('queued2222222222222222222a', 1, 1000030, 'state', '{"state":"queued"}');
INSERT INTO attempts (job_id, number, origin, code, fixes, diagnostics, verdict, failure, usage, started_at, ended_at, isolation, figures) VALUES
('complete22222222222222222a', 1, 'offline', 'from manim import *',
    '[{"rule":"names.wrong","line":1,"diff":"-a\n+b"}]', '[]', 'ok', NULL,
    '{"requests":0,"input_tokens":0,"output_tokens":0,"cost_usd":null}', 1000001, 1000004, '{"backend":"bubblewrap"}',
    '{"wall_s":2.5}');
INSERT INTO services (name, role, facts, seen_at) VALUES ('host-1', 'dispatcher', '{"generator":"offline"}', 1000020);
INSERT INTO api_keys (prefix, digest, account, name, scopes, quotas, created_at) VALUES
('k1', 'ab', 'ada', 'laptop', '["generate"]', '{}', 1000000);
INSERT INTO key_usage (prefix, day, jobs, render_s, cost_usd) VALUES ('k1', 11, 2, 3.5, 0.25);
INSERT INTO request_keys (account, key, digest, job_id, created_at) VALUES
('ada', 'once', 'cd', 'complete22222222222222222a', 1000000);
INSERT INTO deliveries (id, job_id, event, url, body, state, created_at, next_at, fence, tries) VALUES
('d1', 'complete22222222222222222a', 'end', 'https://example.org', '{}', 'sent', 1000005, NULL, 1, '[]');
INSERT INTO webhook_secrets (id, account, secret, created_at) VALUES (1, 'ada', 'whsec_x', 1000000);
INSERT INTO turns (account, turn) VALUES ('ada', 3);
UPDATE jobs SET share_token = 'sharesharesharesharesharesh' WHERE id = 'complete22222222222222222a';
UPDATE jobs SET parent = 'complete22222222222222222a', lineage = 'complete22222222222222222a',
    revision = '{"instruction":"bluer","code":"x = 1"}' WHERE id = 'queued2222222222222222222a';
