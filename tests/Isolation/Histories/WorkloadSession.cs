using Sluice.Engine;
using Sluice.Engine.Data;

namespace Sluice.Isolation.Histories;

/// <summary>One connection with a thread of its own: does one transaction after the other and notes each, committed or not.</summary>
internal sealed class WorkloadSession(Workload workload, int number)
{
    private readonly Random _random = new((workload.Options.Seed * 1000) + number);
    private readonly Dictionary<string, SluiceCommand> _commands = [];
    private readonly List<HistoryStep> _steps = [];
    private readonly List<int> _takenBack = [];

    public void Run()
    {
        using SluiceConnection connection = workload.Open();
        while (!workload.IsDone)
        {
            DoTransaction(connection);
        }
    }

    /// <summary>Reads every list, in one transaction after all others.</summary>
    public void ReadAll(int lists)
    {
        using SluiceConnection connection = workload.Open();
        _steps.Clear();
        long began = workload.Tick();
        Workload.Execute(connection, "BEGIN");
        for (int list = 1; list <= lists; list++)
        {
            _steps.Add(Read(connection, list));
        }

        Workload.Execute(connection, "COMMIT");
        Note(began, committed: true);
    }

    private void DoTransaction(SluiceConnection connection)
    {
        _steps.Clear();
        _takenBack.Clear();
        long began = workload.Tick();
        try
        {
            int kind = _random.Next(100);
            if (kind < 10)
            {
                // A statement that is its own transaction tries again by itself.
                DoStep(connection);
            }
            else
            {
                Workload.Execute(connection, kind < 90 ? "BEGIN CONCURRENT" : kind < 95 ? "BEGIN IMMEDIATE" : "BEGIN");
                DoSteps(connection);
                bool rollBack = _random.Next(50) == 0;
                Workload.Execute(connection, rollBack ? "ROLLBACK" : "COMMIT");
                if (rollBack)
                {
                    Note(began, committed: false);
                    return;
                }
            }

            Note(began, committed: true);
        }
        catch (SluiceException error) when (error.IsTransient)
        {
            if (connection.InTransaction)
            {
                Workload.Execute(connection, "ROLLBACK");
            }

            Note(began, committed: false);
        }
    }

    private void DoSteps(SluiceConnection connection)
    {
        int steps = 1 + _random.Next(5);
        for (int i = 0; i < steps; i++)
        {
            if (_random.Next(20) != 0)
            {
                DoStep(connection);
                continue;
            }

            Workload.Execute(connection, "SAVEPOINT s");
            int before = _steps.Count;
            DoStep(connection);
            if (_random.Next(2) == 0)
            {
                Workload.Execute(connection, "ROLLBACK TO s");
                _takenBack.AddRange(_steps.Skip(before).Where(step => step.IsAppend).Select(step => step.Element));
                _steps.RemoveRange(before, _steps.Count - before);
            }

            Workload.Execute(connection, "RELEASE s");
        }
    }

    private void DoStep(SluiceConnection connection)
    {
        bool append = _random.Next(2) == 0;
        int list = workload.PickList(_random, append);
        if (!append)
        {
            _steps.Add(Read(connection, list));
            return;
        }

        // Noted first: an append that is refused has not been, but if it is seen all the same, that is what the checker is for.
        int element = workload.NewElement();
        _steps.Add(HistoryStep.Append(list, element));
        SluiceCommand command = Command(connection, ListTables.AppendTo(list));
        command.Parameters["@list"].Value = list;
        command.Parameters["@value"].Value = ListTables.IsOneRow(list) ? $"{element}" : element;
        _ = command.ExecuteNonQuery();
    }

    private HistoryStep Read(SluiceConnection connection, int list)
    {
        SluiceCommand command = Command(connection, ListTables.Read(list));
        command.Parameters["@list"].Value = list;
        using SluiceDataReader reader = command.ExecuteReader();
        List<int> elements = [];
        while (reader.Read())
        {
            if (ListTables.IsOneRow(list))
            {
                elements.AddRange(reader.GetString(0).Split(',').Select(int.Parse));
            }
            else
            {
                elements.Add(reader.GetInt32(0));
            }
        }

        return HistoryStep.Read(list, [.. elements]);
    }

    private SluiceCommand Command(SluiceConnection connection, string sql)
    {
        if (!_commands.TryGetValue(sql, out SluiceCommand? command))
        {
            command = connection.CreateCommand(sql);
            _ = command.Parameters.AddWithValue("@list", 0);
            _ = command.Parameters.AddWithValue("@value", 0);
            _commands.Add(sql, command);
        }

        command.Transaction = null;
        return command;
    }

    private void Note(long began, bool committed) => workload.Add(new HistoryTransaction
    {
        Number = workload.NewTransaction(),
        Steps = [.. _steps],
        TakenBack = [.. _takenBack],
        Committed = committed,
        Began = began,
        Ended = workload.Tick(),
    });
}
