using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;

namespace Sluice.Engine.Data;

/// <summary>A command of a batch: one or more SQL statements with their parameters.</summary>
public sealed class SluiceBatchCommand : DbBatchCommand, ICommandPart
{
    private string _text = "";
    private int _affected = -1;

    public SluiceBatchCommand()
    {
    }

    public SluiceBatchCommand(string? commandText)
    {
        CommandText = commandText;
    }

    [AllowNull]
    public override string CommandText
    {
        get => _text;
        set => _text = value ?? "";
    }

    public override CommandType CommandType
    {
        get => CommandType.Text;
        set
        {
            if (value != CommandType.Text)
            {
                throw new NotSupportedException($"The command type {value} is not supported: a command is SQL text.");
            }
        }
    }

    /// <summary>Rows that this command inserted, updated and deleted in the last run; -1 if it has not run or does not write.</summary>
    public override int RecordsAffected => _affected;

    public new SluiceParameterCollection Parameters { get; } = [];

    public override bool CanCreateParameter => true;

    protected override DbParameterCollection DbParameterCollection => Parameters;

    string ICommandPart.Text => _text;

    public override DbParameter CreateParameter() => new SluiceParameter();

    void ICommandPart.Ran(long? changes)
    {
        if (changes is { } rows)
        {
            _affected = (int)Math.Min(int.MaxValue, Math.Max(_affected, 0) + rows);
        }
    }

    internal void Begin() => _affected = -1;
}
