using Npgsql;
using NpgsqlTypes;

namespace Sluice.Gateway.Sync.Sinks.Postgres;

/// <summary>
/// Sends to a PostgreSQL server, or anything that speaks its protocol.
///
/// Tables there: <c>sluice_readings</c>, one row a reading, and <c>sluice_cursors</c>, one row a gateway and sink with the
/// id of the last reading that is there. A batch is one transaction: it locks the cursor's row, finds it where it left it,
/// inserts the rows, moves the cursor. Therefore: the rows of a batch are there if and only if the cursor is past them;
/// a commit whose answer was lost is found out by reading the cursor; and of two senders of one gateway only one can
/// move the cursor from a given place.
/// </summary>
public sealed class PostgresSink : IUpstreamSink
{
    /// <summary>Taken while tables are made: two gateways that begin at once would else collide in the catalog.</summary>
    private const long SchemaLock = 0x736c75696365;

    private static readonly DateTime PostgresEpoch = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private const string CreateTables = """
        CREATE TABLE IF NOT EXISTS sluice_readings(
          gateway TEXT NOT NULL, id BIGINT NOT NULL, device TEXT NOT NULL, metric TEXT NOT NULL, unit TEXT,
          ts TIMESTAMPTZ NOT NULL, value DOUBLE PRECISION, value_text TEXT,
          PRIMARY KEY(gateway, id));
        CREATE TABLE IF NOT EXISTS sluice_cursors(
          gateway TEXT NOT NULL, sink TEXT NOT NULL, last_id BIGINT NOT NULL, instance TEXT NOT NULL,
          updated TIMESTAMPTZ NOT NULL DEFAULT now(),
          PRIMARY KEY(gateway, sink))
        """;

    // Rows that are there already are those of another sink of this gateway on the same database: the same rows.
    private const string Insert = """
        INSERT INTO sluice_readings(gateway, id, device, metric, unit, ts, value, value_text)
        SELECT $1, id, device, metric, unit, ts, value, value_text
        FROM unnest($2, $3, $4, $5, $6, $7, $8) AS rows(id, device, metric, unit, ts, value, value_text)
        ON CONFLICT DO NOTHING
        """;

    private readonly string _gateway;
    private readonly string _name;
    private readonly NpgsqlDataSource _source;
    private NpgsqlConnection? _connection;

    /// <param name="gateway">The gateway's id.</param>
    /// <param name="name">The sink's name.</param>
    /// <param name="connectionString">Npgsql's.</param>
    public PostgresSink(string gateway, string name, string connectionString)
    {
        _gateway = gateway;
        _name = name;
        NpgsqlConnectionStringBuilder settings = new(connectionString)
        {
            // One connection for as long as it lives: a pool would hand out a dead one after the server was restarted.
            Pooling = false,
        };
        settings.ApplicationName ??= $"sluice {gateway}";
        Upstream = $"{settings.Host}:{settings.Port}/{settings.Database ?? settings.Username}";
        NpgsqlSlimDataSourceBuilder builder = new(settings.ConnectionString);
        builder.EnableArrays();
        builder.EnableTransportSecurity();
        _source = builder.Build();
    }

    /// <inheritdoc/>
    public string Upstream { get; }

    /// <inheritdoc/>
    public async Task<long> ConnectAsync(string instance, CancellationToken cancellation)
    {
        await CloseAsync();
        try
        {
            _connection = await _source.OpenConnectionAsync(cancellation);
            await CreateMissingTablesAsync(_connection, cancellation);
            return await ReadCursorAsync(_connection, instance, cancellation);
        }
        catch (Exception e) when (IsUpstreamError(e))
        {
            throw new UpstreamException(Describe(e), e);
        }
    }

    /// <inheritdoc/>
    public async Task SendAsync(OutboxBatch batch, CancellationToken cancellation)
    {
        NpgsqlConnection connection = _connection ?? throw new InvalidOperationException("The sink is not connected.");
        try
        {
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
            await LockCursorAsync(connection, batch.After, cancellation);
            if (batch.Rows.Count > 0)
            {
                await InsertAsync(connection, batch.Rows, cancellation);
            }

            await MoveCursorAsync(connection, batch.LastId, cancellation);
            await transaction.CommitAsync(cancellation);
        }
        catch (Exception e) when (IsUpstreamError(e))
        {
            throw new UpstreamException(Describe(e), e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        await _source.DisposeAsync();
    }

    private static async Task CreateMissingTablesAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using (NpgsqlCommand exist = new("SELECT to_regclass('sluice_readings') IS NOT NULL AND to_regclass('sluice_cursors') IS NOT NULL", connection))
        {
            // A user who may not create tables can use those that an administrator made.
            if (await exist.ExecuteScalarAsync(cancellation) is true)
            {
                return;
            }
        }

        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        await using (NpgsqlCommand take = new($"SELECT pg_advisory_xact_lock({SchemaLock})", connection))
        {
            await take.ExecuteNonQueryAsync(cancellation);
        }

        await using (NpgsqlCommand create = new(CreateTables, connection))
        {
            await create.ExecuteNonQueryAsync(cancellation);
        }

        await transaction.CommitAsync(cancellation);
    }

    private async Task<long> ReadCursorAsync(NpgsqlConnection connection, string instance, CancellationToken cancellation)
    {
        await using NpgsqlCommand insert = new(
            "INSERT INTO sluice_cursors(gateway, sink, last_id, instance) VALUES($1, $2, 0, $3) ON CONFLICT DO NOTHING", connection);
        AddName(insert);
        insert.Parameters.Add(new NpgsqlParameter<string> { TypedValue = instance });
        await insert.ExecuteNonQueryAsync(cancellation);

        await using NpgsqlCommand read = new("SELECT last_id, instance FROM sluice_cursors WHERE gateway = $1 AND sink = $2", connection);
        AddName(read);
        await using NpgsqlDataReader row = await read.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        return row.GetString(1) == instance
            ? row.GetInt64(0)
            : throw new UpstreamException(
                $"a gateway \"{_gateway}\" with another database has sent there; give this one another gateway.id, or remove that one's rows "
                + $"from sluice_cursors and sluice_readings (gateway = '{_gateway}')");
    }

    private async Task LockCursorAsync(NpgsqlConnection connection, long expected, CancellationToken cancellation)
    {
        await using NpgsqlCommand command = new("SELECT last_id FROM sluice_cursors WHERE gateway = $1 AND sink = $2 FOR UPDATE", connection);
        AddName(command);
        object? actual = await command.ExecuteScalarAsync(cancellation);
        if (actual is not long id || id != expected)
        {
            throw new UpstreamException($"the cursor is at {actual ?? "no row"} and not at {expected}: somebody else moved it");
        }
    }

    private async Task InsertAsync(NpgsqlConnection connection, IReadOnlyList<OutboxRow> rows, CancellationToken cancellation)
    {
        await using NpgsqlCommand command = new(Insert, connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = _gateway });
        Add(command, NpgsqlDbType.Bigint, rows, row => row.Id);
        Add(command, NpgsqlDbType.Text, rows, row => Clean(row.Device));
        Add(command, NpgsqlDbType.Text, rows, row => Clean(row.Metric));
        Add(command, NpgsqlDbType.Text, rows, row => Clean(row.Unit));
        Add(command, NpgsqlDbType.TimestampTz, rows, row => ToPostgres(row.Ts));
        Add(command, NpgsqlDbType.Double, rows, row => row.Value);
        Add(command, NpgsqlDbType.Text, rows, row => Clean(row.Text));
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private async Task MoveCursorAsync(NpgsqlConnection connection, long lastId, CancellationToken cancellation)
    {
        await using NpgsqlCommand command = new(
            "UPDATE sluice_cursors SET last_id = $3, updated = now() WHERE gateway = $1 AND sink = $2", connection);
        AddName(command);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = lastId });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private void AddName(NpgsqlCommand command)
    {
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = _gateway });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = _name });
    }

    private static void Add<T>(NpgsqlCommand command, NpgsqlDbType type, IReadOnlyList<OutboxRow> rows, Func<OutboxRow, T> column)
    {
        T[] values = new T[rows.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = column(rows[i]);
        }

        command.Parameters.Add(new NpgsqlParameter<T[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type });
    }

    /// <summary>
    /// What the protocol carries for a timestamptz: microseconds since 2000. A DateTime would become -infinity at its least value.
    /// </summary>
    private static long ToPostgres(DateTime ts) => (ts.Ticks - PostgresEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    /// <summary>PostgreSQL's text cannot hold a null character, ours can: it is sent as U+FFFD.</summary>
    private static string? Clean(string? text) => text?.Replace('\0', '\uFFFD');

    private async Task CloseAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }

    private static bool IsUpstreamError(Exception e) => e is NpgsqlException or TimeoutException or IOException;

    /// <summary>One line: what the server says, or why it cannot be reached.</summary>
    private static string Describe(Exception e)
    {
        string reason = e is PostgresException refused
            ? $"{refused.MessageText} (SQLSTATE {refused.SqlState})"
            : e.InnerException is { } cause ? $"{e.Message.TrimEnd('.')}: {cause.Message}" : e.Message;
        return reason.ReplaceLineEndings(" ");
    }
}
