using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Pragmas;

/// <summary>Checks the rows of one table against its constraints and indexes; errors are lines in SQLite's words.</summary>
internal sealed class TableCheck
{
    /// <summary>Rows between two looks at whether the statement was cancelled.</summary>
    private const int RowsPerCancelCheck = 256;

    private readonly Table _table;
    private readonly PragmaCall _call;
    private readonly int _limit;
    private readonly List<string> _errors;
    private readonly IndexKeys _keys;

    /// <summary>How many entries each index ought to have.</summary>
    private readonly Dictionary<TableIndex, long> _entries = new(ReferenceEqualityComparer.Instance);
    private RecordReader _reader;

    private TableCheck(Table table, PragmaCall call, int limit, List<string> errors)
    {
        _table = table;
        _call = call;
        _limit = limit;
        _errors = errors;
        _keys = new IndexKeys(table);
    }

    /// <summary>Adds what it finds to <paramref name="errors"/>, until there are <paramref name="limit"/>.</summary>
    public static void Run(Table table, PragmaCall call, bool quick, int limit, List<string> errors)
    {
        TableCheck check = new(table, call, limit, errors);
        try
        {
            TableIndex[] indexes = quick ? [] : [.. table.Indexes];
            check.CheckRows(indexes);
            foreach (TableIndex index in indexes)
            {
                check.CheckIndex(index, check._entries.GetValueOrDefault(index));
            }
        }
        catch (SluiceException failure) when (failure.PrimaryCode == ResultCode.Corrupt)
        {
            errors.Add(failure.Message);
        }
    }

    private bool IsDone => _errors.Count >= _limit;

    private void CheckRows(TableIndex[] indexes)
    {
        KeyCursor[] keys = [.. indexes.Select(index => _call.Transaction.OpenKeys(index.RootPage, index.Order))];
        int[] notNull = [.. Enumerable.Range(0, _table.Columns.Count).Where(i => _table.Columns[i].NotNull && i != _table.RowidAlias)];
        long count = 0;
        TableRows rows = new(_table, _call.Transaction);
        while (!IsDone && rows.MoveNext())
        {
            count++;
            Tick(count);
            foreach (int column in notNull)
            {
                // A column that came later has its default, which ALTER TABLE has seen to.
                if (rows.Row.Has(column) && rows.Row.Column(column).IsNull)
                {
                    _errors.Add($"NULL value in {_table.Name}.{_table.Columns[column].Name}");
                }
            }

            for (int i = 0; i < indexes.Length; i++)
            {
                if (!HasEntry(keys[i], indexes[i], rows.Row))
                {
                    _errors.Add($"row {count} missing from index {indexes[i].Name}");
                }
            }
        }

    }

    private bool HasEntry(KeyCursor keys, TableIndex index, RowSource row)
    {
        if (_keys.Build(index, row) is not { } key)
        {
            return true;
        }

        _entries[index] = _entries.GetValueOrDefault(index) + 1;
        _reader.Reset(new Payload(key, 0, key.Length));
        SqlValue[] probe = new SqlValue[index.KeyLength + (_table.KeyColumns is null ? 1 : 0)];
        for (int i = 0; i < probe.Length; i++)
        {
            probe[i] = _reader.Get(i);
        }

        return keys.Seek(probe, SeekMode.GreaterOrEqual) && KeyComparer.Compare(keys.Key, probe, index.Order) == 0;
    }

    /// <summary>As many entries as rows that belong to it; in a unique index no two neighbours alike, but for those with a NULL.</summary>
    private void CheckIndex(TableIndex index, long rows)
    {
        SqlValue[] previous = new SqlValue[index.Columns.Count];
        long count = 0;
        KeyCursor keys = _call.Transaction.OpenKeys(index.RootPage, index.Order);
        for (bool any = keys.MoveFirst(); any && !IsDone; any = keys.MoveNext())
        {
            Payload key = keys.Key;
            if (index.Unique)
            {
                if (count > 0 && KeyComparer.Compare(key, previous, index.Order) == 0 && !previous.Any(value => value.IsNull))
                {
                    _errors.Add($"non-unique entry in index {index.Name}");
                }

                _reader.Reset(key);
                for (int i = 0; i < previous.Length; i++)
                {
                    previous[i] = _reader.Get(i);
                }
            }

            count++;
            Tick(count);
        }

        if (count != rows && !IsDone)
        {
            _errors.Add($"wrong # of entries in index {index.Name}");
        }
    }

    private void Tick(long count)
    {
        if (count % RowsPerCancelCheck == 0)
        {
            _call.Session.CheckCancelled();
        }
    }
}
