using Sluice.Engine.Format;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt.State;

/// <summary>
/// The broker's tables, and how what it remembers becomes rows. Times are microseconds since the Unix epoch, UTC; properties are the bytes of a
/// PUBLISH's property block without its length (MQTT 5.0 section 2.2.2).
/// <para>
/// Two ids are put together so that a session's rows lie side by side and need no index: a queued message's is
/// <c>session * 2^36 + number</c>, a QoS 2 publish's is <c>session * 2^16 + packet identifier</c>. A session's id is not given again while
/// the gateway runs, and a start sweeps what was left.
/// </para>
/// </summary>
internal static class StateRows
{
    /// <summary>Bits of a message's number within its session: at a thousand a second enough for two years of one session, and 27 are left for sessions.</summary>
    private const int NumberBits = 36;

    private const int PacketIdentifierBits = 16;

    private const string SaveSessionSql = """
        INSERT OR REPLACE INTO mqtt_session(id, client_id, user, expiry, expires_ts, sent, will_topic, will_payload, will_qos, will_retain, will_properties, will_due_ts)
        VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
        """;

    private const string InsertQueuedSql = """
        INSERT OR REPLACE INTO mqtt_queue(id, session, topic, payload, qos, retain, properties, identifiers, expires_ts, released, share)
        VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, ?10)
        """;

    private const string MoveQueuedSql = """
        UPDATE OR REPLACE mqtt_queue SET id = ?2, session = ?3, qos = ?4, retain = retain AND ?5, identifiers = ?6 WHERE id = ?1
        """;

    // Two publishers of one topic may be stored in another order than the broker took them; the later one stays.
    private const string KeepRetainedSql = """
        INSERT INTO mqtt_retained(topic, version, payload, qos, properties, expires_ts, publisher) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT(topic) DO UPDATE SET version = excluded.version, payload = excluded.payload, qos = excluded.qos,
          properties = excluded.properties, expires_ts = excluded.expires_ts, publisher = excluded.publisher
        WHERE excluded.version > version
        """;

    /// <summary>A step of the database's schema.</summary>
    public static string[] Schema { get; } =
    [
        """
        CREATE TABLE mqtt_session(id INTEGER PRIMARY KEY, client_id TEXT NOT NULL UNIQUE, user TEXT, expiry INTEGER NOT NULL, expires_ts INTEGER,
          sent INTEGER NOT NULL, will_topic TEXT, will_payload BLOB, will_qos INTEGER, will_retain INTEGER, will_properties BLOB)
        """,
        """
        CREATE TABLE mqtt_subscription(session INTEGER NOT NULL, filter TEXT NOT NULL, qos INTEGER NOT NULL, no_local INTEGER NOT NULL,
          retain_as_published INTEGER NOT NULL, retain_handling INTEGER NOT NULL, identifier INTEGER NOT NULL, PRIMARY KEY(session, filter))
        """,
        """
        CREATE TABLE mqtt_queue(id INTEGER PRIMARY KEY, session INTEGER NOT NULL, topic TEXT NOT NULL, payload BLOB NOT NULL, qos INTEGER NOT NULL,
          retain INTEGER NOT NULL, properties BLOB NOT NULL, identifiers BLOB, expires_ts INTEGER, released INTEGER NOT NULL)
        """,
        """
        CREATE TABLE mqtt_retained(topic TEXT PRIMARY KEY, version INTEGER NOT NULL, payload BLOB, qos INTEGER NOT NULL, properties BLOB NOT NULL,
          expires_ts INTEGER, publisher TEXT)
        """,
        "CREATE TABLE mqtt_qos2(id INTEGER PRIMARY KEY, session INTEGER NOT NULL, packet_id INTEGER NOT NULL)",
        "CREATE TABLE mqtt_source(source TEXT NOT NULL, packet_id INTEGER NOT NULL, PRIMARY KEY(source, packet_id))",
    ];

    /// <summary>The step after <see cref="Schema"/>.</summary>
    public static string[] SourceFilterSchema { get; } =
    [
        "CREATE TABLE mqtt_source_filter(source TEXT NOT NULL, filter TEXT NOT NULL, PRIMARY KEY(source, filter))",
    ];

    /// <summary>The step after <see cref="SourceFilterSchema"/>.</summary>
    public static string[] ShareSchema { get; } =
    [
        "ALTER TABLE mqtt_session ADD COLUMN will_due_ts INTEGER",
        "ALTER TABLE mqtt_queue ADD COLUMN share TEXT",
    ];

    /// <summary>The id of a queued message's row.</summary>
    public static long QueueId(long session, long number) => (session << NumberBits) | number;

    /// <summary>The number within its session that an id of a queued message holds.</summary>
    public static long NumberOf(long queueId) => queueId & ((1L << NumberBits) - 1);

    /// <param name="rows">Added to.</param>
    /// <param name="session">Its present state.</param>
    /// <param name="expiresUs">When it ends; null while its client is connected.</param>
    /// <param name="willDueUs">When its will is due; null while its client is connected, or without one.</param>
    /// <param name="sent">Messages up to this number may have been sent.</param>
    public static void SaveSession(this RowChanges rows, Session session, long? expiresUs, long? willDueUs, long sent)
    {
        Will? will = session.Will;
        rows.Add(
            SaveSessionSql, SqlValue.FromInteger(session.Id), SqlValue.FromText(session.ClientId), Text(session.User),
            SqlValue.FromInteger(session.ExpirySeconds), Number(expiresUs), SqlValue.FromInteger(sent),
            Text(will?.Topic), will is null ? SqlValue.Null : SqlValue.FromBlob(will.Payload),
            will is null ? SqlValue.Null : SqlValue.FromInteger((long)will.QualityOfService),
            will is null ? SqlValue.Null : SqlValue.FromBoolean(will.Retain),
            will is null ? SqlValue.Null : SqlValue.FromBlob(PublishPacket.EncodeProperties(will.Properties)),
            Number(willDueUs));
    }

    /// <summary>Messages up to this number may have been sent.</summary>
    public static void SaveSent(this RowChanges rows, long session, long sent) =>
        rows.Add("UPDATE mqtt_session SET sent = ?2 WHERE id = ?1", SqlValue.FromInteger(session), SqlValue.FromInteger(sent));

    /// <summary>The session with all that it has.</summary>
    public static void DeleteSession(this RowChanges rows, long session)
    {
        SqlValue id = SqlValue.FromInteger(session);
        rows.Add("DELETE FROM mqtt_session WHERE id = ?1", id);
        rows.Add("DELETE FROM mqtt_subscription WHERE session = ?1", id);
        rows.DeleteQueued(session, 0, (1L << NumberBits) - 1);
        rows.Add(
            "DELETE FROM mqtt_qos2 WHERE id BETWEEN ?1 AND ?2", SqlValue.FromInteger(session << PacketIdentifierBits),
            SqlValue.FromInteger((session << PacketIdentifierBits) | ushort.MaxValue));
    }

    public static void SaveSubscription(this RowChanges rows, long session, SubscriptionRequest request, uint identifier) => rows.Add(
        """
        INSERT OR REPLACE INTO mqtt_subscription(session, filter, qos, no_local, retain_as_published, retain_handling, identifier)
        VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)
        """,
        SqlValue.FromInteger(session), SqlValue.FromText(request.Filter), SqlValue.FromInteger((long)request.MaximumQoS),
        SqlValue.FromBoolean(request.NoLocal), SqlValue.FromBoolean(request.RetainAsPublished),
        SqlValue.FromInteger((long)request.RetainHandling), SqlValue.FromInteger(identifier));

    public static void DeleteSubscription(this RowChanges rows, long session, string filter) => rows.Add(
        "DELETE FROM mqtt_subscription WHERE session = ?1 AND filter = ?2", SqlValue.FromInteger(session), SqlValue.FromText(filter));

    /// <param name="rows">Added to.</param>
    /// <param name="session">Whose queue.</param>
    /// <param name="delivery">The message, with its number.</param>
    /// <param name="expiresUs">When it expires; null for never.</param>
    public static void InsertQueued(this RowChanges rows, long session, QueuedDelivery delivery, long? expiresUs)
    {
        PublishedMessage message = delivery.Message!;
        rows.Add(
            InsertQueuedSql, SqlValue.FromInteger(QueueId(session, delivery.Number)), SqlValue.FromInteger(session),
            SqlValue.FromText(message.Topic.Text), SqlValue.FromBlob(message.Payload), SqlValue.FromInteger((long)delivery.QualityOfService),
            SqlValue.FromBoolean(delivery.Retain), SqlValue.FromBlob(message.Properties), Identifiers(delivery.SubscriptionIdentifiers), Number(expiresUs),
            Text(delivery.Share));
    }

    /// <summary>A queued message changes its owner. It may be done again: then there is none any more that could.</summary>
    /// <param name="rows">Added to.</param>
    /// <param name="from">The session that has it.</param>
    /// <param name="number">Its number there.</param>
    /// <param name="to">The session that gets it.</param>
    /// <param name="place">Its place there.</param>
    /// <param name="subscription">The subscription that it is for there.</param>
    public static void MoveQueued(this RowChanges rows, long from, long number, long to, QueuedDelivery place, Subscription subscription) => rows.Add(
        MoveQueuedSql, SqlValue.FromInteger(QueueId(from, number)), SqlValue.FromInteger(QueueId(to, place.Number)), SqlValue.FromInteger(to),
        SqlValue.FromInteger((long)place.QualityOfService), SqlValue.FromBoolean(subscription.Request.RetainAsPublished), Identifiers(subscription.Identifiers));

    /// <summary>PUBREC has come: only the exchange's end is left.</summary>
    public static void SaveReleased(this RowChanges rows, long session, long number) =>
        rows.Add("UPDATE mqtt_queue SET released = 1 WHERE id = ?1", SqlValue.FromInteger(QueueId(session, number)));

    /// <summary>The messages of a session from one number to another, both included.</summary>
    public static void DeleteQueued(this RowChanges rows, long session, long first, long last) => rows.Add(
        "DELETE FROM mqtt_queue WHERE id BETWEEN ?1 AND ?2", SqlValue.FromInteger(QueueId(session, first)), SqlValue.FromInteger(QueueId(session, last)));

    /// <param name="rows">Added to.</param>
    /// <param name="message">An empty payload takes the topic's message away.</param>
    /// <param name="version">Its place among the retained messages of all topics.</param>
    /// <param name="expiresUs">When it expires; null for never.</param>
    public static void KeepRetained(this RowChanges rows, PublishedMessage message, long version, long? expiresUs) => rows.Add(
        KeepRetainedSql, SqlValue.FromText(message.Topic.Text), SqlValue.FromInteger(version),
        message.Payload.Length == 0 ? SqlValue.Null : SqlValue.FromBlob(message.Payload), SqlValue.FromInteger((long)message.QualityOfService),
        SqlValue.FromBlob(message.Properties), Number(expiresUs), Text(message.Publisher));

    /// <summary>Rows of topics that have no message any more, whose last change was below a version, or whose message has expired.</summary>
    public static void DeleteRetained(this RowChanges rows, long belowVersion, long nowUs) => rows.Add(
        "DELETE FROM mqtt_retained WHERE (payload IS NULL AND version < ?1) OR expires_ts < ?2",
        SqlValue.FromInteger(belowVersion), SqlValue.FromInteger(nowUs));

    /// <summary>A QoS 2 publish between PUBLISH and PUBREL.</summary>
    public static void InsertReceived(this RowChanges rows, long session, ushort packetIdentifier) => rows.Add(
        "INSERT OR REPLACE INTO mqtt_qos2(id, session, packet_id) VALUES(?1, ?2, ?3)",
        SqlValue.FromInteger((session << PacketIdentifierBits) | packetIdentifier), SqlValue.FromInteger(session), SqlValue.FromInteger(packetIdentifier));

    public static void DeleteReceived(this RowChanges rows, long session, ushort packetIdentifier) => rows.Add(
        "DELETE FROM mqtt_qos2 WHERE id = ?1", SqlValue.FromInteger((session << PacketIdentifierBits) | packetIdentifier));

    /// <summary>A QoS 2 message from another broker between PUBLISH and PUBREL.</summary>
    public static void InsertSourceReceived(this RowChanges rows, string source, ushort packetIdentifier) => rows.Add(
        "INSERT OR REPLACE INTO mqtt_source(source, packet_id) VALUES(?1, ?2)", SqlValue.FromText(source), SqlValue.FromInteger(packetIdentifier));

    public static void DeleteSourceReceived(this RowChanges rows, string source, ushort packetIdentifier) => rows.Add(
        "DELETE FROM mqtt_source WHERE source = ?1 AND packet_id = ?2", SqlValue.FromText(source), SqlValue.FromInteger(packetIdentifier));

    /// <summary>The session that another broker keeps for us may be subscribed to this.</summary>
    public static void InsertSourceFilter(this RowChanges rows, string source, string filter) => rows.Add(
        "INSERT OR REPLACE INTO mqtt_source_filter(source, filter) VALUES(?1, ?2)", SqlValue.FromText(source), SqlValue.FromText(filter));

    public static void DeleteSourceFilter(this RowChanges rows, string source, string filter) => rows.Add(
        "DELETE FROM mqtt_source_filter WHERE source = ?1 AND filter = ?2", SqlValue.FromText(source), SqlValue.FromText(filter));

    /// <summary>The other broker's session is gone, and with it the meaning of its identifiers, and what it was subscribed to.</summary>
    public static void DeleteSource(this RowChanges rows, string source)
    {
        rows.Add("DELETE FROM mqtt_source WHERE source = ?1", SqlValue.FromText(source));
        rows.Add("DELETE FROM mqtt_source_filter WHERE source = ?1", SqlValue.FromText(source));
    }

    /// <summary>Subscription identifiers as a column holds them: four bytes each, little end first.</summary>
    public static uint[]? ReadIdentifiers(byte[]? bytes)
    {
        if (bytes is null)
            return null;
        var identifiers = new uint[bytes.Length / sizeof(uint)];
        for (int i = 0; i < identifiers.Length; i++)
            identifiers[i] = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(i * sizeof(uint)));
        return identifiers;
    }

    private static SqlValue Identifiers(uint[]? identifiers)
    {
        if (identifiers is null)
            return SqlValue.Null;
        byte[] bytes = new byte[identifiers.Length * sizeof(uint)];
        for (int i = 0; i < identifiers.Length; i++)
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * sizeof(uint)), identifiers[i]);
        return SqlValue.FromBlob(bytes);
    }

    private static SqlValue Text(string? text) => text is null ? SqlValue.Null : SqlValue.FromText(text);

    private static SqlValue Number(long? number) => number is { } value ? SqlValue.FromInteger(value) : SqlValue.Null;
}
