using System.Data.Common;
using System.Globalization;

namespace Sluice.Benchmarks.Sql;

/// <summary>What all rows of an answer come to: made in the order of the rows, so that the order counts too.</summary>
internal struct SqlAnswer : IEquatable<SqlAnswer>
{
    private const double Tolerance = 1e-9;

    private long _rows;
    private long _integers;
    private double _reals;
    private long _nulls;
    private long _texts;

    /// <summary>Reads every value of every row, as a program that uses them does.</summary>
    public void Add(DbDataReader reader)
    {
        int fields = reader.FieldCount;
        Type?[] types = new Type?[fields];
        while (reader.Read())
        {
            _rows++;
            for (int i = 0; i < fields; i++)
            {
                if (reader.IsDBNull(i))
                {
                    _nulls = (_nulls * 31) + _rows;
                    continue;
                }

                Type type = types[i] ??= reader.GetFieldType(i);
                if (type == typeof(long))
                {
                    _integers = unchecked((_integers * 31) + reader.GetInt64(i));
                }
                else if (type == typeof(double))
                {
                    // The weight tells one order of rows from another.
                    _reals += reader.GetDouble(i) * ((_rows & 1023) + 1);
                }
                else
                {
                    AddText(reader.GetString(i));
                }
            }
        }
    }

    public readonly bool Equals(SqlAnswer other) =>
        _rows == other._rows && _integers == other._integers && _nulls == other._nulls && _texts == other._texts
        && Math.Abs(_reals - other._reals) <= Tolerance * Math.Max(Math.Abs(_reals), Math.Abs(other._reals));

    public override readonly bool Equals(object? obj) => obj is SqlAnswer other && Equals(other);

    public override readonly int GetHashCode() => HashCode.Combine(_rows, _integers, _texts);

    public override readonly string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{_rows} rows, integers {_integers}, reals {_reals:R}, NULLs {_nulls}, texts {_texts}");

    private void AddText(string text)
    {
        foreach (char c in text)
        {
            _texts = unchecked((_texts * 31) + c);
        }
    }
}
