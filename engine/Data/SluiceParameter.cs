using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Sluice.Engine.Format;

namespace Sluice.Engine.Data;

/// <summary>
/// A value for a parameter of a command: <c>@name</c>, <c>:name</c>, <c>$name</c> (the prefix may be left out of
/// <see cref="ParameterName"/>), <c>?</c> (no name: taken in order) or <c>?5</c>.
/// </summary>
public sealed class SluiceParameter : DbParameter
{
    private string _name = "";
    private string _sourceColumn = "";
    private DbType? _dbType;
    private SqlType? _storage;
    private object? _value;
    private bool _isSet;
    private int _size;

    public SluiceParameter()
    {
    }

    public SluiceParameter(string? name, object? value)
    {
        ParameterName = name;
        Value = value;
    }

    public SluiceParameter(string? name, DbType type)
    {
        ParameterName = name;
        DbType = type;
    }

    [AllowNull]
    public override string ParameterName
    {
        get => _name;
        set => _name = value ?? "";
    }

    /// <summary>
    /// The value; null and <see cref="DBNull"/> are NULL. Numbers, text, bytes, bool, char, enums, decimal, Guid, DateTime,
    /// DateTimeOffset, DateOnly, TimeOnly, TimeSpan, ReadOnlyMemory of byte and <see cref="SqlValue"/> are understood.
    /// A parameter whose value was never set is an error when the command runs.
    /// </summary>
    public override object? Value
    {
        get => _value;
        set
        {
            _value = value;
            _isSet = true;
        }
    }

    /// <summary>
    /// The storage class to convert to; by default the value's type decides. Real makes a Julian day of a date and days of a
    /// TimeSpan, Blob makes bytes of a Guid, Integer makes a code of a char.
    /// </summary>
    public SqlType StorageType
    {
        get => _storage ?? ValueBinding.DefaultStorage(_value);
        set => _storage = value;
    }

    public override DbType DbType
    {
        get => _dbType ?? DbType.String;
        set => _dbType = value;
    }

    public override ParameterDirection Direction
    {
        get => ParameterDirection.Input;
        set
        {
            if (value != ParameterDirection.Input)
            {
                throw new NotSupportedException($"The parameter direction {value} is not supported: SQL statements have input parameters only.");
            }
        }
    }

    public override bool IsNullable { get; set; }

    /// <summary>The most characters or bytes of the value that are used; 0 for all.</summary>
    public override int Size
    {
        get => _size;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, -1);
            _size = value;
        }
    }

    [AllowNull]
    public override string SourceColumn
    {
        get => _sourceColumn;
        set => _sourceColumn = value ?? "";
    }

    public override bool SourceColumnNullMapping { get; set; }

    public override void ResetDbType()
    {
        _dbType = null;
        _storage = null;
    }

    internal SqlValue ToSqlValue()
    {
        if (!_isSet)
        {
            throw new InvalidOperationException($"The parameter {(_name.Length == 0 ? "without a name" : $"'{_name}'")} has no value: set its Value.");
        }

        return ValueBinding.ToSql(_value, _storage, Math.Max(0, _size), _name);
    }
}
