using Sluice.Engine.Catalog;
using Sluice.Engine.Files;
using Sluice.Engine.Transactions;

namespace Sluice.Engine;

/// <summary>
/// The databases of a session beside main: temp, a private one in memory that is made when something temporary is first named and ends with the
/// session, and those that ATTACH opened ("ATTACH DATABASE", sqlite.org/lang_attach.html).
/// <para>As long as there are none, a transaction is main's own; else it is a <see cref="JointTransaction"/> over all of them.</para>
/// </summary>
public sealed partial class Session
{
    /// <summary>SQLITE_MAX_ATTACHED ("Limits In SQLite", section 11).</summary>
    private const int MaxAttached = 10;

    private readonly List<(string Name, Database Database)> _attached = [];
    private readonly SchemasCache _schemas = new();

    /// <summary>Attached ones that this session may not write, although others may.</summary>
    private readonly HashSet<Database> _readOnly = [];
    private Database? _temp;

    /// <summary>Whether files may be attached: not by a session that works for another process, whose rights to files may be others.</summary>
    internal bool MayAttachFiles { get; init; } = true;

    /// <summary>Whether main is the only database.</summary>
    internal bool IsAlone => _temp is null && _attached.Count == 0;

    /// <summary>All databases with their numbers, as PRAGMA database_list gives them: main is 0, temp 1.</summary>
    internal IEnumerable<(int Number, string Name, Database Database)> Databases
    {
        get
        {
            yield return (0, Schemas.MainName, Database);
            if (_temp is { } temp)
            {
                yield return (1, Schemas.TempName, temp);
            }

            for (int i = 0; i < _attached.Count; i++)
            {
                yield return (i + 2, _attached[i].Name, _attached[i].Database);
            }
        }
    }

    /// <summary>
    /// Begins a transaction on all databases. The kinds that take a lock take none in temp, where nobody else is, nor where nothing can be written.
    /// </summary>
    internal Transaction BeginTransaction(TransactionKind kind, Isolation isolation = Isolation.Snapshot)
    {
        if (IsAlone)
        {
            return Database.Store.Begin(kind, BusyTimeout, isolation);
        }

        JointTransaction all = new(Database.Store.Begin(KindIn(Database, kind), BusyTimeout, isolation), !Database.IsReadOnly, _schemas);
        try
        {
            foreach ((_, string name, Database database) in Databases.Skip(1))
            {
                all.Add(name, database.Store.Begin(KindIn(database, kind), BusyTimeout, isolation), MayWrite(database));
            }

            return all;
        }
        catch
        {
            all.Dispose();
            throw;
        }
    }

    /// <summary>Makes temp if there is none yet; to be called before a statement that names it is compiled.</summary>
    internal void OpenTemp()
    {
        if (_temp is null)
        {
            _temp = Database.Open(DatabaseOptions.MemoryPath, new DatabaseOptions());
            Join(Schemas.TempName, _temp);
        }
    }

    /// <summary>ATTACH: an empty path, as <see cref="DatabaseOptions.MemoryPath"/>, is a private database; a <c>file:</c> URI is understood.</summary>
    internal void Attach(string path, string name)
    {
        if (_attached.Count >= MaxAttached)
        {
            throw new SluiceException(ResultCode.Error, $"too many attached databases - max {MaxAttached}");
        }

        if (Named(name) is not null || name.Equals(Schemas.TempName, StringComparison.OrdinalIgnoreCase))
        {
            throw new SluiceException(ResultCode.Error, $"database {name} is already in use");
        }

        FileUri? uri = FileUri.Is(path) ? FileUri.Parse(path) : null;
        string file = uri is null ? path : uri.Path;
        bool inMemory = file.Length == 0 || file == DatabaseOptions.MemoryPath || uri is { IsMemory: true };
        if ((!inMemory || uri?.MemoryName is not null) && !MayAttachFiles)
        {
            throw new SluiceException(ResultCode.Permission, "a file cannot be attached through the process that owns the main database");
        }

        bool isReadOnly = !inMemory && (IsReadOnly || uri?.Mode == FileUriMode.ReadOnly);
        Database opened = Database.Open(inMemory ? DatabaseOptions.MemoryPath : file, new DatabaseOptions
        {
            ReadOnly = isReadOnly,
            Create = uri?.Mode is not (FileUriMode.ReadWrite or FileUriMode.ReadOnly),
            MemoryName = uri?.MemoryName,
        });
        if (Databases.Any(one => one.Database == opened))
        {
            opened.Dispose();
            throw new SluiceException(ResultCode.Error, $"database {path} is already attached");
        }

        if (isReadOnly)
        {
            _ = _readOnly.Add(opened);
        }

        try
        {
            Join(name, opened);
        }
        catch
        {
            _ = _readOnly.Remove(opened);
            opened.Dispose();
            throw;
        }

        _attached.Add((name, opened));
    }

    /// <summary>DETACH.</summary>
    internal void Detach(string name)
    {
        if (name.Equals(Schemas.MainName, StringComparison.OrdinalIgnoreCase) || name.Equals(Schemas.TempName, StringComparison.OrdinalIgnoreCase))
        {
            throw new SluiceException(ResultCode.Error, $"cannot detach database {name}");
        }

        int index = _attached.FindIndex(one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        if (index < 0)
        {
            throw new SluiceException(ResultCode.Error, $"no such database: {name}");
        }

        if (_transaction is not null || _reading.Count > 0)
        {
            throw new SluiceException(ResultCode.Error, $"database {name} is locked");
        }

        _ = _readOnly.Remove(_attached[index].Database);
        _attached[index].Database.Dispose();
        _attached.RemoveAt(index);
    }

    /// <summary>Takes a database that has just been opened into the open transaction.</summary>
    private void Join(string name, Database database)
    {
        if (_transaction is not { } transaction)
        {
            return;
        }

        CoolStatements();
        if (transaction is not JointTransaction joint)
        {
            _transaction = joint = new JointTransaction(transaction, !Database.IsReadOnly, _schemas);
            foreach (NamedSavepoint savepoint in _savepoints)
            {
                savepoint.Mark = joint.Adopt(savepoint.Mark);
            }
        }

        joint.Add(name, database.Store.Begin(KindIn(database, joint.Kind), BusyTimeout, Isolation), MayWrite(database));
    }

    private bool MayWrite(Database database) => !database.IsReadOnly && !_readOnly.Contains(database);

    private TransactionKind KindIn(Database database, TransactionKind kind) =>
        !MayWrite(database) || (database == _temp && kind is TransactionKind.Immediate or TransactionKind.Exclusive) ? TransactionKind.Deferred : kind;

    private Database? Named(string name) => Databases.FirstOrDefault(one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Database;

    private void CloseDatabases()
    {
        foreach ((_, Database database) in _attached)
        {
            database.Dispose();
        }

        _temp?.Dispose();
    }
}
