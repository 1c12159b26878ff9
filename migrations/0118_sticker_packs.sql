-- Packs of stickers that the operator added; the two that come with Plaza are part of the program.
CREATE TABLE IF NOT EXISTS sticker_pack (
    pack_key TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    access TEXT NOT NULL,                 -- free, plus, once
    is_going BOOLEAN NOT NULL,            -- taken away: its files go, then its rows
    created_at BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS sticker (
    pack_key TEXT NOT NULL,
    name TEXT NOT NULL,
    position BIGINT NOT NULL,             -- in the pack; the first is its cover
    emoji TEXT NOT NULL,
    words TEXT NOT NULL,                  -- for who does not see it
    is_animated BOOLEAN NOT NULL,
    bytes BIGINT NOT NULL,
    blob_id UUID NOT NULL,
    PRIMARY KEY (pack_key, name)
) {{clustered}};

-- Packs that a plan gives, beside its entitlements.
CREATE TABLE IF NOT EXISTS plan_pack (
    plan_key TEXT NOT NULL,
    pack_key TEXT NOT NULL,
    PRIMARY KEY (plan_key, pack_key)
) {{clustered}};
