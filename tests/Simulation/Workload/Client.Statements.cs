using System.Collections.Immutable;
using Sluice.Engine;
using Sluice.Engine.Format;
using Sluice.Simulation.Model;

namespace Sluice.Simulation.Workload;

/// <content>Statements that write and read rows, and what they must answer.</content>
internal sealed partial class Client
{
    private void Write(ModelTransaction transaction)
    {
        DbState before = ViewOf(transaction);
        string table = PickTable(before);
        WriteStatement statement = random.Next(_session.HoldsPages ? 4 : 150) == 0 ? Changes.DeleteAll(table)
            : random.Next(40) == 0 ? Changes.Big(random, table)
            : Changes.Next(random, before, table);
        using Run run = Do(statement.Sql, statement.Parameters);
        transaction.BeginOn(history.Acknowledged);
        if (transaction is { Kind: "IMMEDIATE", HasWrites: false } && SnapshotOfSession is { } snapshot && snapshot != _snapshot)
        {
            _snapshot = snapshot;
            transaction.BeginAnewOn(history.Acknowledged);
        }

        if (_session.HoldsPages)
        {
            // It was too large for memory.
            transaction.BecomeExclusive(history.Acknowledged);
        }

        if (run.Error is { PrimaryCode: ResultCode.Constraint })
        {
            if (statement.Expected(transaction.View, long.MaxValue / 2) is not null)
            {
                throw new SimulationFailure($"session {number}: {run.Error.Message}, which its view does not show: {statement.Sql}");
            }

            return;
        }

        if (run.Error is { } error)
        {
            Failed(error, statement.Sql);
            return;
        }

        if (statement.Expected(transaction.View, _session.LastInsertRowid) is not { } change)
        {
            throw new SimulationFailure($"session {number}: a constraint should have been broken by {statement.Sql}");
        }

        if (change.Count != run.Changes)
        {
            throw new SimulationFailure($"session {number}: {run.Changes} rows changed instead of {change.Count} by {statement.Sql}");
        }

        transaction.Apply(change);
    }

    /// <summary>A write in autocommit. One that is too large for memory is made straight on the pages.</summary>
    private void WriteAlone(bool mayBlock)
    {
        DbState view = history.Acknowledged;
        WriteStatement statement = Changes.NextWithoutRowids(random, view, PickTable(view));
        if (mayBlock)
        {
            history.BeginExclusive(state => statement.Expected(state, 0)?.View);
        }

        Run run = Do(statement.Sql, statement.Parameters);
        if (mayBlock)
        {
            history.WithdrawExclusive();
        }

        // It may have waited for memory before it began, and commits have become durable meanwhile.
        view = history.Acknowledged;
        Change? expected = statement.Expected(view, 0);
        if (run.IsOver && run.Error is { } error)
        {
            if (error.PrimaryCode == ResultCode.Constraint ? expected is not null : !IsExpected(error))
            {
                throw new SimulationFailure($"session {number}: {error.Message}: {statement.Sql}");
            }

            run.Dispose();
            return;
        }

        if (expected is null)
        {
            throw new SimulationFailure($"session {number}: a constraint should have been broken by {statement.Sql}");
        }

        if (run.IsOver && expected.Writes.Count == 0)
        {
            run.Dispose();
            return;
        }

        var alone = new ModelTransaction("CONCURRENT");
        alone.BeginOn(view);
        alone.Apply(expected);
        AwaitCommit(run, history.Begin(alone.CommitOn(history.Newest)));
    }

    private void Read(ModelTransaction? transaction)
    {
        DbState before = ViewOf(transaction);
        string table = PickTable(before);
        switch (random.Next(4))
        {
            case 0:
                ImmutableSortedDictionary<long, Row> known = before.Tables[table].Rows;
                long id = known.Count > 0 && random.Next(5) > 0 ? known.ElementAt(random.Next(known.Count)).Key : random.Next(500);
                Compare(transaction, table, $"SELECT id, k, v FROM {table} WHERE id = ?", rows => rows.Where(row => row.Key == id), SqlValue.FromInteger(id));
                break;
            case 1:
                long low = random.Next(60);
                Compare(transaction, table, $"SELECT id, k, v FROM {table} WHERE k BETWEEN ? AND ? ORDER BY k, id",
                    rows => rows.Where(row => row.Value.K >= low && row.Value.K <= low + 10).OrderBy(row => row.Value.K).ThenBy(row => row.Key),
                    SqlValue.FromInteger(low), SqlValue.FromInteger(low + 10));
                break;
            case 2:
                Compare(transaction, table, $"SELECT id, k, v FROM {table} ORDER BY id DESC LIMIT 20", rows => rows.Reverse().Take(20));
                break;
            default:
                Compare(transaction, table, $"SELECT count(*), total(k), '' FROM {table}",
                    rows => [KeyValuePair.Create((long)rows.Count, new Row((long)rows.Values.Sum(row => (double)(row.K ?? 0)), ""))]);
                break;
        }
    }

    /// <summary>Reads, and compares with what the rows that it sees should give.</summary>
    private void Compare(
        ModelTransaction? transaction, string table, string sql, Func<ImmutableSortedDictionary<long, Row>, IEnumerable<KeyValuePair<long, Row>>> expected, params SqlValue[] parameters)
    {
        using Run run = Do(sql, parameters);
        transaction?.BeginOn(history.Acknowledged);
        if (run.Error is { } error)
        {
            Failed(error, sql);
            return;
        }

        KeyValuePair<long, Row>[] right = [.. expected(ViewOf(transaction).Tables[table].Rows)];
        KeyValuePair<long, Row>[] found = [.. run.Rows.Select(row => KeyValuePair.Create(row[0].Integer, TableReader.RowOf(row)))];
        if (!found.SequenceEqual(right))
        {
            int at = found.Zip(right).TakeWhile(pair => pair.First.Equals(pair.Second)).Count();
            throw new SimulationFailure(
                $"session {number} ({transaction?.Kind ?? "autocommit"}) got {found.Length} rows instead of {right.Length} from {sql}; row {at} is {found.ElementAtOrDefault(at)} instead of {right.ElementAtOrDefault(at)}");
        }
    }

    private void SavepointOrBack(ModelTransaction transaction)
    {
        IReadOnlyList<string> names = transaction.Savepoints;
        string name = names.Count > 0 && random.Next(2) == 0 ? names[random.Next(names.Count)] : "";
        if (name.Length == 0)
        {
            name = $"s{++_savepoints}";
            using Run set = Do($"SAVEPOINT {name}");
            if (set.Error is { } refused)
            {
                Failed(refused, "SAVEPOINT");
                return;
            }

            transaction.Savepoint(name);
            return;
        }

        bool back = random.Next(3) > 0;
        using Run run = Do(back ? $"ROLLBACK TO {name}" : $"RELEASE {name}");
        if (run.Error is { } error)
        {
            Failed(error, "a savepoint");
        }
        else if (back)
        {
            transaction.RollbackTo(name);
        }
        else
        {
            transaction.Release(name);
        }
    }
}
