using System.Collections.Immutable;

namespace Sluice.Simulation.Model;

/// <summary>One transaction of a client as it should be: what it sees, what it wrote, its savepoints.</summary>
internal sealed class ModelTransaction(string kind)
{
    private readonly record struct Mark(string Name, DbState View, ImmutableDictionary<(string Table, long Id), Row?> Writes);

    private readonly List<Mark> _marks = [];
    private DbState? _view;
    private ImmutableDictionary<(string Table, long Id), Row?> _writes = ImmutableDictionary<(string, long), Row?>.Empty;

    public string Kind => kind;

    /// <summary>Whether it writes pages directly: it is the only writer.</summary>
    public bool IsExclusive { get; private set; }

    public bool HasBegun => _view is not null;

    public bool HasWrites => !_writes.IsEmpty || IsExclusive;

    /// <summary>Its snapshot with its own writes.</summary>
    public DbState View => _view!;

    public IReadOnlyList<string> Savepoints => [.. _marks.Select(mark => mark.Name)];

    /// <summary>Its first statement takes the snapshot.</summary>
    public void BeginOn(DbState snapshot)
    {
        if (_view is null)
        {
            BeginAnewOn(snapshot);
        }
    }

    /// <summary>It has taken another snapshot, before it read or wrote anything.</summary>
    public void BeginAnewOn(DbState snapshot)
    {
        _view = snapshot;
        for (int i = 0; i < _marks.Count; i++)
        {
            _marks[i] = _marks[i] with { View = snapshot };
        }
    }

    /// <summary>It became exclusive, on the newest state.</summary>
    public void BecomeExclusive(DbState newest)
    {
        if (!IsExclusive)
        {
            IsExclusive = true;
            _view = Apply(_writes, newest);
            for (int i = 0; i < _marks.Count; i++)
            {
                _marks[i] = _marks[i] with { View = Apply(_marks[i].Writes, newest) };
            }
        }
    }

    public void Apply(Change change)
    {
        _view = change.View;
        _writes = _writes.SetItems(change.Writes.Select(write => KeyValuePair.Create((write.Table, write.Id), write.Row)));
    }

    public void ChangeSchema(DbState view) => _view = view;

    public void Savepoint(string name) => _marks.Add(new Mark(name, _view ?? DbState.Empty, _writes));

    public void RollbackTo(string name)
    {
        int index = _marks.FindLastIndex(mark => mark.Name == name);
        if (_view is not null)
        {
            _view = _marks[index].View;
        }

        _writes = _marks[index].Writes;
        _marks.RemoveRange(index + 1, _marks.Count - index - 1);
    }

    public void Release(string name)
    {
        int index = _marks.FindLastIndex(mark => mark.Name == name);
        _marks.RemoveRange(index, _marks.Count - index);
    }

    /// <summary>What the database is after its commit.</summary>
    public DbState CommitOn(DbState newest) => IsExclusive ? View : Apply(_writes, newest);

    private static DbState Apply(ImmutableDictionary<(string Table, long Id), Row?> writes, DbState state)
    {
        foreach (IGrouping<string, KeyValuePair<(string Table, long Id), Row?>> table in writes.GroupBy(write => write.Key.Table))
        {
            TableState before = state.Tables.GetValueOrDefault(table.Key)
                ?? throw new SimulationFailure($"a commit changes table {table.Key}, which was dropped before it");
            ImmutableSortedDictionary<long, Row>.Builder rows = before.Rows.ToBuilder();
            foreach ((var key, Row? row) in table)
            {
                if (row is null)
                {
                    rows.Remove(key.Id);
                }
                else
                {
                    rows[key.Id] = row;
                }
            }

            TableState after = before with { Rows = rows.ToImmutable() };
            if (after.UniqueK && after.HasDuplicates())
            {
                throw new SimulationFailure($"two transactions wrote the same unique key of table {table.Key} and both commit");
            }

            state = state.With(table.Key, after);
        }

        return state;
    }
}

/// <summary>What a statement that writes does: the view after it and the rows it wrote, null for a row that is gone.</summary>
internal sealed record Change(DbState View, IReadOnlyList<(string Table, long Id, Row? Row)> Writes, int Count);
