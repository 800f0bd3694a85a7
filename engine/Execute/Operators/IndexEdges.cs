using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;

namespace Sluice.Engine.Execute.Operators;

/// <summary>Which rows of each group are read, in the order of the index.</summary>
[Flags]
internal enum GroupEdges
{
    None = 0,

    /// <summary>The first row, also one whose value is NULL.</summary>
    First = 1,

    /// <summary>The first row whose value is not NULL.</summary>
    FirstValue = 2,

    /// <summary>The first of the rows with the greatest value.</summary>
    LastValue = 4,

    /// <summary>The last row.</summary>
    Last = 8,
}

/// <summary>
/// Reads an index group by group, a group being the entries that equal each other in the first <paramref name="columns"/> columns: of each group the rows
/// at its <paramref name="edges"/>, by the column that follows, within bounds on that column. It begins by stepping through a group, so that small
/// groups cost no more than a scan, and seeks past what is left: any row may come, those at the edges come in any case.
/// </summary>
internal sealed class IndexEdgesNode(TableAccess access, TableIndex index, int columns, GroupEdges edges, IndexBound? lower, IndexBound? upper, bool covering)
    : PlanNode
{
    /// <summary>Rows of a group that are stepped through before it is taken to be a large one.</summary>
    private const int StepsBeforeSeek = 8;

    /// <summary>Rows that are read of a group at most.</summary>
    public const int MostRowsOfGroup = StepsBeforeSeek + 3;

    public override Operator Build(Run run) => new EdgeScan(run, access, index, columns, edges, lower, upper);

    public override void Explain(ExplainWriter writer)
    {
        string names = string.Join(", ", Enumerable.Range(0, columns).Select(NameAt));
        string bounds = $"{(lower is null ? "" : $" AND {NameAt(columns)}>?")}{(upper is null ? "" : $" AND {NameAt(columns)}<?")}";
        writer.Line($"SKIP-SCAN {access.ExplainName} USING {(covering ? "COVERING " : "")}INDEX {index.Name} (ANY({names}){bounds})");
    }

    private string NameAt(int position) => position >= index.KeyLength ? "rowid" : access.Shape.Table.Columns[index.ColumnAt(position)].Name;

    private enum Stage
    {
        /// <summary>Nothing has been read.</summary>
        Start,

        /// <summary>The cursor stands on a row that was given, and steps to the next.</summary>
        Stepping,

        /// <summary>The first row with a value is due.</summary>
        FirstValue,

        /// <summary>The first row with the greatest value is due.</summary>
        LastValue,

        /// <summary>The last row is due.</summary>
        Last,

        /// <summary>The group is done.</summary>
        NextGroup,
        End,
    }

    private sealed class EdgeScan : Operator
    {
        private readonly IndexRow _row;
        private readonly KeyOrder _order;
        private readonly GroupEdges _edges;
        private readonly IndexBound? _lowerBound;
        private readonly IndexBound? _upperBound;
        private readonly int _columns;

        /// <summary>The group's columns, and one place more for seeks.</summary>
        private readonly SqlValue[] _probe;
        private SqlValue _lower;
        private SqlValue _upper;
        private RecordReader _reader;
        private Stage _stage;
        private int _steps;

        public EdgeScan(Run run, TableAccess access, TableIndex index, int columns, GroupEdges edges, IndexBound? lower, IndexBound? upper) : base(run)
        {
            _row = new IndexRow(access.Shape, index, run.Transaction.Of(access.Shape.Table));
            _order = index.Order;
            _edges = edges;
            _columns = columns;
            _probe = new SqlValue[columns + 1];
            _lowerBound = lower;
            _upperBound = upper;
            run.Sources[access.Source] = _row;
        }

        private KeyCursor Keys => _row.Keys;

        private ReadOnlySpan<SqlValue> Group => _probe.AsSpan(0, _columns);

        private bool IsBounded => _lowerBound is not null || _upperBound is not null;

        public override void Open()
        {
            _stage = Stage.Start;
            _row.IsNullRow = false;
        }

        public override bool Next()
        {
            Run.CheckCancelled();
            _row.Moved();
            while (true)
            {
                switch (_stage)
                {
                    case Stage.Start:
                        if (!SetBounds() || !Keys.MoveFirst())
                        {
                            _stage = Stage.End;
                            break;
                        }

                        if (EnterGroup())
                        {
                            return true;
                        }

                        break;
                    case Stage.Stepping:
                        if (Step())
                        {
                            return true;
                        }

                        break;
                    case Stage.FirstValue:
                        _stage = Stage.LastValue;
                        if ((_edges & GroupEdges.FirstValue) != 0)
                        {
                            // A group without any value is represented by its last row.
                            return (Seek(SqlValue.Null, SeekMode.Greater) && IsInGroup()) || SeekLast();
                        }

                        break;
                    case Stage.LastValue:
                        _stage = Stage.Last;
                        if ((_edges & GroupEdges.LastValue) != 0 && SeekLast())
                        {
                            _reader.Reset(Keys.Key);
                            SqlValue greatest = _reader.Get(_columns);
                            if (!greatest.IsNull && !Seek(greatest, SeekMode.GreaterOrEqual))
                            {
                                throw new SluiceException(ResultCode.Corrupt, "database disk image is malformed: an index entry is not found by its key");
                            }

                            return true;
                        }

                        break;
                    case Stage.Last:
                        _stage = Stage.NextGroup;
                        if ((_edges & GroupEdges.Last) != 0 && SeekLast())
                        {
                            return true;
                        }

                        break;
                    case Stage.NextGroup:
                        if (!Keys.Seek(Group, SeekMode.Greater))
                        {
                            _stage = Stage.End;
                        }
                        else if (EnterGroup())
                        {
                            return true;
                        }

                        break;
                    default:
                        return false;
                }
            }
        }

        private bool SetBounds()
        {
            _lower = _lowerBound?.Evaluate(Run) ?? SqlValue.Null;
            _upper = _upperBound?.Evaluate(Run) ?? SqlValue.Null;
            return (_lowerBound is null || !_lower.IsNull) && (_upperBound is null || !_upper.IsNull);
        }

        /// <summary>The cursor stands on the first entry of another group; true when it then stands on a row to give.</summary>
        private bool EnterGroup()
        {
            _reader.Reset(Keys.Key);
            for (int i = 0; i < _columns; i++)
            {
                _probe[i] = _reader.Get(i);
            }

            _steps = 1;
            _stage = Stage.Stepping;
            if (!IsBounded)
            {
                return true;
            }

            // NULLs lie before every value and within no bounds.
            bool inclusive = _lowerBound is { Inclusive: true };
            _stage = Stage.NextGroup;
            if (!Seek(_lower, inclusive ? SeekMode.GreaterOrEqual : SeekMode.Greater) || !IsInGroup() || !IsWithinUpper())
            {
                return false;
            }

            _stage = Stage.Stepping;
            return true;
        }

        /// <summary>The next row of the group, or the first of the next; else the stage says what is due.</summary>
        private bool Step()
        {
            if (_steps++ == StepsBeforeSeek)
            {
                _stage = IsBounded ? Stage.LastValue : Stage.FirstValue;
                return false;
            }

            if (!Keys.MoveNext())
            {
                _stage = Stage.End;
                return false;
            }

            if (!IsInGroup())
            {
                return EnterGroup();
            }

            if (IsBounded && !IsWithinUpper())
            {
                _stage = Stage.NextGroup;
                return false;
            }

            return true;
        }

        /// <summary>The last entry of the group within its bounds.</summary>
        private bool SeekLast()
        {
            if (_upperBound is null)
            {
                return Keys.Seek(Group, SeekMode.LessOrEqual);
            }

            return Seek(_upper, _upperBound.Inclusive ? SeekMode.LessOrEqual : SeekMode.Less);
        }

        private bool Seek(in SqlValue value, SeekMode mode)
        {
            _probe[_columns] = value;
            return Keys.Seek(_probe, mode);
        }

        private bool IsInGroup() => KeyComparer.Compare(Keys.Key, Group, _order) == 0;

        private bool IsWithinUpper()
        {
            if (_upperBound is null)
            {
                return true;
            }

            _probe[_columns] = _upper;
            int past = KeyComparer.Compare(Keys.Key, _probe, _order);
            return past < 0 || (past == 0 && _upperBound.Inclusive);
        }
    }
}
