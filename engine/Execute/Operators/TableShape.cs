using Sluice.Engine.Catalog;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;

namespace Sluice.Engine.Execute.Operators;

/// <summary>What reading a table's records needs to know of it.</summary>
internal sealed class TableShape
{
    private readonly bool[] _isReal;
    private readonly SqlValue[] _defaults;

    public TableShape(Table table)
    {
        Table = table;
        RowidAlias = table.RowidAlias;
        Places = table.Positions.ToArray();
        if (RowidAlias >= 0)
        {
            Places[RowidAlias] = RowidPlace;
        }

        _isReal = new bool[table.Columns.Count];
        _defaults = new SqlValue[table.Columns.Count];
        for (int i = 0; i < _isReal.Length; i++)
        {
            Column column = table.Columns[i];
            _isReal[i] = column.Affinity == Affinity.Real;
            _defaults[i] = column.Default is { } given ? DefaultValue.Constant(given, column) : SqlValue.Null;
        }
    }

    public Table Table { get; }

    public int RowidAlias { get; }

    /// <summary>By ordinal, for reading: as <see cref="Positions"/>, but -2 for the rowid's alias, whose stored value is NULL.</summary>
    public int[] Places { get; }

    /// <summary>Stands in <see cref="Places"/> for the alias of the rowid.</summary>
    public const int RowidPlace = -2;

    /// <summary>By ordinal: the column's place in a record, or -1 for a virtual one.</summary>
    public ReadOnlySpan<int> Positions => Table.Positions;

    /// <summary>Whether values of a column are not just what is stored, see <see cref="FromStored"/>.</summary>
    public bool IsReal(int column) => _isReal[column];

    /// <summary>A REAL column's whole numbers may be stored as integers ("Datatypes In SQLite", section 3) and are reals again when read.</summary>
    public SqlValue FromStored(int column, in SqlValue value) =>
        value.Type == SqlType.Integer && _isReal[column] ? SqlValue.FromReal(value.Integer) : value;

    /// <summary>The value of a column that was added after the row was written.</summary>
    public SqlValue DefaultOf(int column) => _defaults[column];
}
