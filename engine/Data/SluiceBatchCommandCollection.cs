using System.Collections;
using System.Data.Common;

namespace Sluice.Engine.Data;

/// <summary>The commands of a batch, in order.</summary>
public sealed class SluiceBatchCommandCollection : DbBatchCommandCollection, IReadOnlyList<ICommandPart>
{
    private readonly List<SluiceBatchCommand> _commands = [];

    public override int Count => _commands.Count;

    public override bool IsReadOnly => false;

    public new SluiceBatchCommand this[int index]
    {
        get => _commands[index];
        set => _commands[index] = value;
    }

    ICommandPart IReadOnlyList<ICommandPart>.this[int index] => _commands[index];

    /// <summary>Adds a command with its text.</summary>
    public SluiceBatchCommand Add(string commandText)
    {
        SluiceBatchCommand command = new(commandText);
        _commands.Add(command);
        return command;
    }

    public override void Add(DbBatchCommand item) => _commands.Add(Ours(item));

    public override void Clear() => _commands.Clear();

    public override bool Contains(DbBatchCommand item) => IndexOf(item) >= 0;

    public override void CopyTo(DbBatchCommand[] array, int arrayIndex) => ((ICollection)_commands).CopyTo(array, arrayIndex);

    public override IEnumerator<DbBatchCommand> GetEnumerator() => _commands.GetEnumerator();

    IEnumerator<ICommandPart> IEnumerable<ICommandPart>.GetEnumerator() => _commands.GetEnumerator();

    public override int IndexOf(DbBatchCommand item) => item is SluiceBatchCommand command ? _commands.IndexOf(command) : -1;

    public override void Insert(int index, DbBatchCommand item) => _commands.Insert(index, Ours(item));

    public override bool Remove(DbBatchCommand item) => item is SluiceBatchCommand command && _commands.Remove(command);

    public override void RemoveAt(int index) => _commands.RemoveAt(index);

    protected override DbBatchCommand GetBatchCommand(int index) => _commands[index];

    protected override void SetBatchCommand(int index, DbBatchCommand batchCommand) => _commands[index] = Ours(batchCommand);

    private static SluiceBatchCommand Ours(DbBatchCommand? command) =>
        command as SluiceBatchCommand
        ?? throw new InvalidCastException($"A {nameof(SluiceBatchCommand)} is needed, not {command?.GetType().Name ?? "null"}.");
}
