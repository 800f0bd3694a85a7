using Sluice.Engine;
using Sluice.Engine.Data;

namespace Sluice.Isolation.Anomalies;

/// <summary>What came of a script.</summary>
/// <param name="Occurred">Null for a script that is about no anomaly.</param>
/// <param name="Fates">As in the script: each session that began a transaction, and whether it committed or at what it was refused.</param>
/// <param name="Faults">What must not be at any level: a refusal that does not say that the transaction is gone, or leaves something of it.</param>
public sealed record AnomalyOutcome(bool? Occurred, string Fates, IReadOnlyList<string> Faults);

/// <summary>Runs one script on a database of its own, one connection a session, its statements in turn.</summary>
public sealed class AnomalyRun
{
    private readonly string _settings;
    private readonly string _level;
    private readonly Dictionary<string, SluiceConnection> _sessions = [];
    private readonly SortedDictionary<string, string> _fates = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _answers = [];
    private readonly List<string> _faults = [];

    private AnomalyRun(string path, string level)
    {
        // Nobody waits: all sessions are on one thread.
        _settings = new SluiceConnectionStringBuilder { DataSource = path, BusyTimeoutMs = 0 }.ConnectionString;
        _level = level;
    }

    /// <param name="script">What to run.</param>
    /// <param name="folder">Where the database is made.</param>
    /// <param name="level">snapshot or serializable.</param>
    /// <param name="onPages">Whether the rows are moved into the pages of the file before the sessions begin, or wait in memory.</param>
    public static AnomalyOutcome Run(AnomalyScript script, string folder, string level, bool onPages)
    {
        AnomalyRun run = new(Path.Combine(folder, $"{script.Name}-{level}-{onPages}.db"), level);
        try
        {
            return run.Run(script, onPages);
        }
        finally
        {
            foreach (SluiceConnection session in run._sessions.Values)
            {
                session.Dispose();
            }
        }
    }

    private AnomalyOutcome Run(AnomalyScript script, bool onPages)
    {
        foreach (string sql in script.Setup)
        {
            _ = Query("setup", sql);
        }

        if (onPages)
        {
            _ = Query("setup", "PRAGMA wal_checkpoint");
        }

        foreach (AnomalyStep step in script.Steps)
        {
            Do(step);
        }

        if (script.Final is { } final)
        {
            _answers["final"] = Query("final", final);
        }

        if (Query("final", "PRAGMA integrity_check") is var check && check != "ok")
        {
            _faults.Add($"integrity_check: {check}");
        }

        bool? occurred = script.Occurs.Count == 0 ? null : script.Occurs.Exists(condition => AnomalyScript.Holds(condition, _fates, _answers));
        return new AnomalyOutcome(occurred, string.Join(", ", _fates.Select(fate => $"{fate.Key} {fate.Value}")), _faults);
    }

    private void Do(AnomalyStep step)
    {
        string verb = step.Sql.Split(' ')[0];
        if (verb != "BEGIN" && _fates.GetValueOrDefault(step.Session) is { } fate && fate.StartsWith("refused", StringComparison.Ordinal))
        {
            return;
        }

        try
        {
            string rows = Query(step.Session, step.Sql);
            if (step.Answer is { } name)
            {
                _answers[name] = rows;
            }

            if (verb == "COMMIT")
            {
                _fates[step.Session] = "committed";
            }
        }
        catch (SluiceException error) when (error.IsTransient)
        {
            _fates[step.Session] = $"refused at {verb}";
            SluiceConnection session = _sessions[step.Session];
            bool mayReadOn = error.Code == ResultCode.BusySnapshot;
            if (session.InTransaction != mayReadOn)
            {
                _faults.Add($"{step.Session} is {(mayReadOn ? "not " : "")}in its transaction after: {error.Message}");
            }

            if (!mayReadOn && !error.Message.Contains("the transaction was rolled back", StringComparison.Ordinal))
            {
                _faults.Add($"{step.Session} is not told that it was rolled back: {error.Message}");
            }

            if (session.InTransaction)
            {
                _ = Query(step.Session, "ROLLBACK");
            }
        }
    }

    private string Query(string name, string sql)
    {
        if (!_sessions.TryGetValue(name, out SluiceConnection? session))
        {
            session = new SluiceConnection(_settings);
            session.Open();
            _sessions.Add(name, session);
            _ = Query(name, $"PRAGMA isolation = {_level}");
        }

        using SluiceCommand command = session.CreateCommand(sql);
        using SluiceDataReader reader = command.ExecuteReader();
        List<string> rows = [];
        while (reader.Read())
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => $"{reader.GetValue(i)}")));
        }

        return rows.Count == 0 ? "none" : string.Join(',', rows);
    }
}
