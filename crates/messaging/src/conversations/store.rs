use plaza_db::statements;

statements! {
    /// The one conversation of two accounts.
    DIRECT = "SELECT conversation_id FROM direct_conversation WHERE account_a = $1 AND account_b = $2";
    /// Takes the place.
    INSERT_DIRECT = "INSERT INTO direct_conversation (account_a, account_b, conversation_id) VALUES ($1, $2, $3)
        ON CONFLICT (account_a, account_b) DO NOTHING";
    /// A new conversation.
    INSERT = "INSERT INTO conversation
        (conversation_id, epoch, epoch_min, gseq, devices_version, is_device_list_stale, created_at)
        VALUES ($1, $2, $2, 0, 1, $3, $4) ON CONFLICT (conversation_id) DO NOTHING";
    /// Its group.
    INSERT_STATE = "INSERT INTO conversation_state (conversation_id, public_state, group_info) VALUES ($1, $2, $3)";
    /// A member.
    INSERT_MEMBER = "INSERT INTO conversation_member (account_id, conversation_id) VALUES ($1, $2)";
    /// A leaf.
    INSERT_DEVICE = "INSERT INTO conversation_device (conversation_id, device_id, account_id) VALUES ($1, $2, $3)";
    /// Before the leaves are written anew.
    DELETE_DEVICES = "DELETE FROM conversation_device WHERE conversation_id = $1";
    /// The group, for a member.
    STATE = "SELECT s.public_state FROM conversation_state s
        JOIN conversation_member m ON m.conversation_id = s.conversation_id
        WHERE s.conversation_id = $1 AND m.account_id = $2";
    /// The compare-and-set of the epoch.
    ADVANCE = "UPDATE conversation
        SET epoch = epoch + 1, gseq = gseq + 1, devices_version = devices_version + 1
        WHERE conversation_id = $1 AND epoch = $2 RETURNING gseq";
    /// What the commit means for later sends.
    AFTER_COMMIT = "UPDATE conversation
        SET is_device_list_stale = $2, epoch_min = coalesce($3, epoch_min) WHERE conversation_id = $1";
    /// The group after a commit.
    UPDATE_STATE = "UPDATE conversation_state SET public_state = $2, group_info = $3 WHERE conversation_id = $1";
    /// The current epoch.
    EPOCH = "SELECT epoch FROM conversation WHERE conversation_id = $1";
    /// The accounts.
    MEMBERS = "SELECT account_id FROM conversation_member WHERE conversation_id = $1 ORDER BY account_id";
    /// The leaves.
    DEVICES_OF = "SELECT device_id, account_id FROM conversation_device WHERE conversation_id = $1";
    /// A page of an account's conversations, and whether a device is in their groups.
    OF_ACCOUNT = "SELECT c.conversation_id, c.epoch, c.gseq, d.device_id IS NOT NULL
        FROM conversation_member m
        JOIN conversation c ON c.conversation_id = m.conversation_id
        LEFT JOIN conversation_device d ON d.conversation_id = c.conversation_id AND d.device_id = $3
        WHERE m.account_id = $1 AND m.conversation_id > $2
        ORDER BY m.conversation_id LIMIT $4";
    /// One of them.
    ONE_OF_ACCOUNT = "SELECT c.conversation_id, c.epoch, c.gseq, d.device_id IS NOT NULL, s.group_info
        FROM conversation_member m
        JOIN conversation c ON c.conversation_id = m.conversation_id
        JOIN conversation_state s ON s.conversation_id = c.conversation_id
        LEFT JOIN conversation_device d ON d.conversation_id = c.conversation_id AND d.device_id = $3
        WHERE m.account_id = $1 AND m.conversation_id = $2";
}
