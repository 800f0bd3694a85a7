using System.Diagnostics.CodeAnalysis;
using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Data;

/// <content>The columns of the present result and the values of the present row.</content>
public sealed partial class SluiceDataReader
{
    public override object this[int ordinal] => GetValue(ordinal);

    public override object this[string name] => GetValue(GetOrdinal(name));

    /// <summary>The value as the engine holds it, without a conversion or a copy; it stays valid after the next Read.</summary>
    public SqlValue GetSqlValue(int ordinal)
    {
        IStatement statement = Column(ordinal);
        return _onRow
            ? statement.Column(ordinal)
            : throw new InvalidOperationException("There is no row: call Read, and go on only if it returns true.");
    }

    public override bool IsDBNull(int ordinal) => GetSqlValue(ordinal).IsNull;

    public override string GetName(int ordinal) => Column(ordinal).Columns[ordinal].Name;

    /// <summary>The column of this name: written exactly so if there is one, else without regard to case.</summary>
    public override int GetOrdinal(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        int folded = -1;
        for (int i = 0; i < FieldCount; i++)
        {
            string candidate = GetName(i);
            if (candidate == name)
            {
                return i;
            }

            if (folded < 0 && string.Equals(candidate, name, StringComparison.OrdinalIgnoreCase))
            {
                folded = i;
            }
        }

        if (folded >= 0)
        {
            return folded;
        }

        string known = string.Join(", ", Enumerable.Range(0, FieldCount).Select(GetName));
        throw new ArgumentOutOfRangeException(nameof(name), name, $"The result has no column of this name; it has {known}.");
    }

    /// <summary>The declared type without its size, or the storage class of the present value for an expression.</summary>
    public override string GetDataTypeName(int ordinal)
    {
        if (Column(ordinal).Columns[ordinal].DeclaredType is { Length: > 0 } declared)
        {
            int size = declared.IndexOf('(');
            return size < 0 ? declared : declared[..size];
        }

        return CurrentType(ordinal) switch
        {
            SqlType.Integer => "INTEGER",
            SqlType.Real => "REAL",
            SqlType.Text => "TEXT",
            _ => "BLOB",
        };
    }

    /// <summary>
    /// The type of <see cref="GetValue"/> in the present row; what the declared type suggests where there is no row or the
    /// value is NULL.
    /// </summary>
    [return: DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicFields | DynamicallyAccessedMemberTypes.PublicProperties)]
    public override Type GetFieldType(int ordinal) => CurrentType(ordinal) switch
    {
        SqlType.Integer => typeof(long),
        SqlType.Real => typeof(double),
        SqlType.Text => typeof(string),
        SqlType.Blob => typeof(byte[]),
        _ => SqlConvert.AffinityOfType(GetDataTypeName(ordinal)) switch
        {
            Affinity.Integer => typeof(long),
            Affinity.Real => typeof(double),
            Affinity.Blob => typeof(byte[]),
            _ => typeof(string),
        },
    };

    public override object GetValue(int ordinal) => ValueReading.ToObject(GetSqlValue(ordinal));

    public override int GetValues(object[] values)
    {
        int count = Math.Min(values.Length, FieldCount);
        for (int i = 0; i < count; i++)
        {
            values[i] = GetValue(i);
        }

        return count;
    }

    /// <summary>
    /// The value as <typeparamref name="T"/>: numbers, bool, char, string, byte[], ReadOnlyMemory of byte, enums, decimal, Guid,
    /// DateTime, DateTimeOffset, DateOnly, TimeOnly, TimeSpan, Stream, TextReader, <see cref="SqlValue"/> or a nullable form of these.
    /// </summary>
    public override T GetFieldValue<T>(int ordinal) => ValueReading.To<T>(GetSqlValue(ordinal), Place(ordinal));

    public override bool GetBoolean(int ordinal) => GetInt64(ordinal) != 0;

    public override byte GetByte(int ordinal) =>
        (byte)ValueReading.ToInteger(GetSqlValue(ordinal), Place(ordinal), byte.MinValue, byte.MaxValue);

    public override char GetChar(int ordinal) => ValueReading.ToChar(GetSqlValue(ordinal), Place(ordinal));

    public override short GetInt16(int ordinal) =>
        (short)ValueReading.ToInteger(GetSqlValue(ordinal), Place(ordinal), short.MinValue, short.MaxValue);

    public override int GetInt32(int ordinal) =>
        (int)ValueReading.ToInteger(GetSqlValue(ordinal), Place(ordinal), int.MinValue, int.MaxValue);

    public override long GetInt64(int ordinal) => ValueReading.ToInt64(GetSqlValue(ordinal), Place(ordinal));

    public override float GetFloat(int ordinal) => (float)GetDouble(ordinal);

    public override double GetDouble(int ordinal) => ValueReading.ToDouble(GetSqlValue(ordinal), Place(ordinal));

    public override decimal GetDecimal(int ordinal) => ValueReading.ToDecimal(GetSqlValue(ordinal), Place(ordinal));

    public override string GetString(int ordinal) => ValueReading.ToText(GetSqlValue(ordinal), Place(ordinal));

    public override Guid GetGuid(int ordinal) => ValueReading.ToGuid(GetSqlValue(ordinal), Place(ordinal));

    public override DateTime GetDateTime(int ordinal) => ValueReading.ToDateTime(GetSqlValue(ordinal), Place(ordinal));

    public DateTimeOffset GetDateTimeOffset(int ordinal) => ValueReading.ToDateTimeOffset(GetSqlValue(ordinal), Place(ordinal));

    public TimeSpan GetTimeSpan(int ordinal) => ValueReading.ToTimeSpan(GetSqlValue(ordinal), Place(ordinal));

    /// <summary>Copies bytes of a blob or of a text's UTF-8; without a buffer, the number of bytes.</summary>
    public override long GetBytes(int ordinal, long dataOffset, byte[]? buffer, int bufferOffset, int length)
    {
        SqlValue value = GetSqlValue(ordinal);
        if (value.IsNull || value.IsNumeric)
        {
            ValueReading.ToBytes(value, Place(ordinal));
        }

        return CopyPart(value.Bytes, dataOffset, buffer, bufferOffset, length);
    }

    /// <summary>Copies UTF-16 characters of a text; without a buffer, the number of characters.</summary>
    public override long GetChars(int ordinal, long dataOffset, char[]? buffer, int bufferOffset, int length) =>
        CopyPart(GetString(ordinal).AsSpan(), dataOffset, buffer, bufferOffset, length);

    /// <summary>The bytes of a blob or of a text's UTF-8, read only.</summary>
    public override Stream GetStream(int ordinal) =>
        new MemoryStream(ValueReading.ToBytes(GetSqlValue(ordinal), Place(ordinal)), writable: false);

    public override TextReader GetTextReader(int ordinal) => new StringReader(IsDBNull(ordinal) ? "" : GetString(ordinal));

    private static long CopyPart<T>(ReadOnlySpan<T> data, long dataOffset, T[]? buffer, int bufferOffset, int length)
    {
        if (buffer is null)
        {
            return data.Length;
        }

        ArgumentOutOfRangeException.ThrowIfNegative(dataOffset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (dataOffset >= data.Length)
        {
            return 0;
        }

        ReadOnlySpan<T> part = data[(int)dataOffset..];
        part = part[..Math.Min(part.Length, length)];
        part.CopyTo(buffer.AsSpan(bufferOffset));
        return part.Length;
    }

    private SqlType CurrentType(int ordinal) =>
        _onRow || _isPeeked ? Column(ordinal).Column(ordinal).Type : SqlType.Null;

    private ValuePlace Place(int ordinal) => new(this, ordinal);

    private IStatement Column(int ordinal)
    {
        Open();
        if (_statement is not { } statement)
        {
            throw new InvalidOperationException("The command has no result, or no further one.");
        }

        return (uint)ordinal < (uint)statement.Columns.Count
            ? statement
            : throw new ArgumentOutOfRangeException(nameof(ordinal), ordinal, $"The result has {statement.Columns.Count} columns, counted from 0.");
    }
}
