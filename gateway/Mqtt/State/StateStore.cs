using Sluice.Engine.Data;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt.State;

/// <summary>Reads the broker's tables (<see cref="StateRows"/>), on a connection for each time.</summary>
/// <param name="connect">Opens one.</param>
public sealed class StateStore(Func<Task<SluiceConnection>> connect)
{
    // What belonged to a session that is gone was on its way to the disk when that went.
    private static readonly string[] Sweep =
    [
        // With a will it is not over until that is published.
        "DELETE FROM mqtt_session WHERE will_topic IS NULL AND (expiry = 0 OR expires_ts <= @now)",
        "DELETE FROM mqtt_subscription WHERE session NOT IN (SELECT id FROM mqtt_session)",
        "DELETE FROM mqtt_queue WHERE session NOT IN (SELECT id FROM mqtt_session)",
        "DELETE FROM mqtt_qos2 WHERE session NOT IN (SELECT id FROM mqtt_session)",
        "DELETE FROM mqtt_retained WHERE payload IS NULL OR expires_ts <= @now",
    ];

    /// <summary>Throws away what is over and reads the rest; for the broker's start.</summary>
    /// <param name="nowUs">Microseconds since the Unix epoch.</param>
    internal async Task<SavedState> ReadAsync(long nowUs)
    {
        await using SluiceConnection connection = await connect();
        await using (SluiceTransaction transaction = connection.BeginTransaction())
        {
            foreach (string sql in Sweep)
            {
                await using SluiceCommand command = connection.CreateCommand(sql);
                if (sql.Contains('@'))
                    command.Parameters.AddWithValue("@now", nowUs);
                await command.ExecuteNonQueryAsync();
            }
            await transaction.CommitAsync();
        }
        return new SavedState(
            await ListAsync(connection, "SELECT id, client_id, user, expiry, expires_ts, sent, will_topic, will_payload, will_qos, will_retain, will_properties, will_due_ts FROM mqtt_session", Session),
            (await ListAsync(
                connection, "SELECT session, filter, qos, no_local, retain_as_published, retain_handling, identifier FROM mqtt_subscription",
                row => (row.GetInt64(0), Subscription(row)))).ToLookup(pair => pair.Item1, pair => pair.Item2),
            (await ListAsync(
                connection, "SELECT session, id, qos, length(payload) + length(topic) + length(properties), released, share FROM mqtt_queue ORDER BY id",
                row => (row.GetInt64(0), new SavedPlace(StateRows.NumberOf(row.GetInt64(1)), (QualityOfService)row.GetInt64(2), row.GetInt32(3), row.GetBoolean(4), Text(row, 5)))))
                .ToLookup(pair => pair.Item1, pair => pair.Item2),
            (await ListAsync(connection, "SELECT session, packet_id FROM mqtt_qos2", row => (row.GetInt64(0), (ushort)row.GetInt64(1))))
                .ToLookup(pair => pair.Item1, pair => pair.Item2),
            await ListAsync(
                connection, "SELECT topic, payload, qos, 1, properties, NULL, expires_ts, version, publisher FROM mqtt_retained",
                row => new SavedRetained(Message(row, 0), row.GetInt64(7), Text(row, 8))),
            (await ListAsync(connection, "SELECT source, packet_id FROM mqtt_source", row => (row.GetString(0), (ushort)row.GetInt64(1))))
                .ToLookup(pair => pair.Item1, pair => pair.Item2),
            (await ListAsync(connection, "SELECT source, filter FROM mqtt_source_filter", row => (row.GetString(0), row.GetString(1))))
                .ToLookup(pair => pair.Item1, pair => pair.Item2));
    }

    /// <summary>Messages of a session by their numbers, which go from one to another, both included; at most so many, the first ones.</summary>
    internal async Task<Dictionary<long, SavedMessage>> ReadQueueAsync(long session, long first, long last, int most)
    {
        await using SluiceConnection connection = await connect();
        await using SluiceCommand command = connection.CreateCommand(
            "SELECT id, topic, payload, qos, retain, properties, identifiers, expires_ts FROM mqtt_queue WHERE id BETWEEN @first AND @last ORDER BY id LIMIT @most");
        command.Parameters.AddWithValue("@first", StateRows.QueueId(session, first));
        command.Parameters.AddWithValue("@last", StateRows.QueueId(session, last));
        command.Parameters.AddWithValue("@most", most);
        Dictionary<long, SavedMessage> found = [];
        await using SluiceDataReader row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync())
            found.Add(StateRows.NumberOf(row.GetInt64(0)), Message(row, 1));
        return found;
    }

    private static async Task<List<T>> ListAsync<T>(SluiceConnection connection, string sql, Func<SluiceDataReader, T> read)
    {
        await using SluiceCommand command = connection.CreateCommand(sql);
        await using SluiceDataReader row = await command.ExecuteReaderAsync();
        List<T> list = [];
        while (await row.ReadAsync())
            list.Add(read(row));
        return list;
    }

    private static SavedSession Session(SluiceDataReader row)
    {
        Will? will = Text(row, 6) is { } topic
            ? new Will(
                topic, row.GetFieldValue<byte[]>(7), (QualityOfService)row.GetInt64(8), row.GetBoolean(9),
                PropertySet.Parse(row.GetFieldValue<byte[]>(10), PropertyTable.Will))
            : null;
        return new SavedSession(row.GetInt64(0), row.GetString(1), Text(row, 2), (uint)row.GetInt64(3), Number(row, 4), row.GetInt64(5), will, Number(row, 11));
    }

    private static SavedSubscription Subscription(SluiceDataReader row) => new(
        new SubscriptionRequest(row.GetString(1), (QualityOfService)row.GetInt64(2), row.GetBoolean(3), row.GetBoolean(4), (RetainHandling)row.GetInt64(5)),
        (uint)row.GetInt64(6));

    private static SavedMessage Message(SluiceDataReader row, int at) => new(
        row.GetString(at), row.GetFieldValue<byte[]>(at + 1), (QualityOfService)row.GetInt64(at + 2), row.GetBoolean(at + 3), row.GetFieldValue<byte[]>(at + 4),
        row.IsDBNull(at + 5) ? null : StateRows.ReadIdentifiers(row.GetFieldValue<byte[]>(at + 5)), Number(row, at + 6));

    private static string? Text(SluiceDataReader row, int at) => row.IsDBNull(at) ? null : row.GetString(at);

    private static long? Number(SluiceDataReader row, int at) => row.IsDBNull(at) ? null : row.GetInt64(at);
}
