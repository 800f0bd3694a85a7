using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Dml;

/// <summary>Replaces one row by the writer's new row, constraints and all: the common part of UPDATE and of ON CONFLICT DO UPDATE.</summary>
internal sealed class RowUpdater
{
    private readonly TableWritePlan _plan;
    private readonly RowWriter _writer;
    private readonly ConflictResolver _conflicts;
    private readonly bool[] _testIndex;

    public RowUpdater(TableWritePlan plan, RowWriter writer)
    {
        _plan = plan;
        _writer = writer;
        _conflicts = new ConflictResolver(plan, writer, takenByUpsert: null);
        _testIndex = [.. plan.Indexes.Select(index => index.Unique)];
    }

    /// <summary>
    /// Writes <see cref="RowWriter.NewRow"/> in place of the row. <paramref name="newRowid"/> is the rowid set by name where the table
    /// has no alias for it; null keeps the old one. False when the row was passed over (IGNORE).
    /// </summary>
    public bool Update(long oldRowid, in Payload oldRecord, SqlValue? newRowid)
    {
        int alias = _plan.Table.RowidAlias;
        SqlValue asked = alias >= 0 ? _writer.NewRow.Values[alias] : newRowid ?? SqlValue.FromInteger(oldRowid);
        long rowid = RowWriter.RequestedRowid(asked) ?? throw ConstraintErrors.Mismatch();
        _writer.NewRow.SetRowid(rowid);
        if (!_writer.Prepare()
            || _conflicts.Resolve(oldRowid, testRowid: rowid != oldRowid, _testIndex) != ConflictOutcome.Clear)
        {
            return false;
        }

        _writer.Update(oldRowid, oldRecord);
        return true;
    }
}
