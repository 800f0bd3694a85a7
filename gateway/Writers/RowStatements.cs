using Sluice.Engine.Data;
using Sluice.Engine.Format;
using Sluice.Gateway.Ingress;

namespace Sluice.Gateway.Writers;

/// <summary>The statements of <see cref="RowChanges"/> on one connection, each prepared once. One writer's.</summary>
internal sealed class RowStatements(SluiceConnection connection) : IDisposable
{
    // Texts are constants of the program, so there are a dozen.
    private readonly Dictionary<string, SluiceCommand> _commands = new(StringComparer.Ordinal);

    /// <summary>Runs the statements within the transaction that is open.</summary>
    public void Run(RowChanges rows)
    {
        foreach ((string sql, SqlValue[] values) in rows.Statements)
        {
            SluiceCommand command = Prepare(sql, values.Length);
            for (int i = 0; i < values.Length; i++)
            {
                command.Parameters[i].Value = values[i];
            }

            command.ExecuteNonQuery();
        }
    }

    public void Dispose()
    {
        foreach (SluiceCommand command in _commands.Values)
        {
            command.Dispose();
        }
    }

    private SluiceCommand Prepare(string sql, int parameters)
    {
        if (_commands.TryGetValue(sql, out SluiceCommand? known))
        {
            return known;
        }

        // Of no transaction: it serves all that follow.
        SluiceCommand command = new(sql, connection);
        for (int i = 1; i <= parameters; i++)
        {
            command.Parameters.Add(new SluiceParameter { ParameterName = $"?{i}" });
        }

        _commands.Add(sql, command);
        return command;
    }
}
