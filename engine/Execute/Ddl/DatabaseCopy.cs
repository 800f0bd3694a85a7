using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Files;
using Sluice.Engine.Format;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>
/// Writes what a transaction sees into another database, tree by tree: a packed copy of one moment, while others go on writing. The order of the rows of
/// sqlite_schema stays; roots get other pages.
/// </summary>
internal sealed class DatabaseCopy
{
    /// <summary>A file that is being made is committed in portions of so many bytes, so that the copy's memory is bounded.</summary>
    private const long PortionBytes = 16 << 20;

    /// <summary>Progress is told after so many bytes.</summary>
    private const long StepBytes = 1 << 20;

    private readonly Transaction _source;
    private readonly Store _target;
    private readonly TimeSpan _busyTimeout;
    private readonly Action<long> _progress;
    private readonly bool _inPortions;
    private Transaction _writer;
    private long _bytes;
    private long _told;
    private long _committed;

    private DatabaseCopy(Transaction source, Store target, TimeSpan busyTimeout, Action<long> progress, bool inPortions)
    {
        _source = source;
        _target = target;
        _busyTimeout = busyTimeout;
        _progress = progress;
        _inPortions = inPortions;
        _writer = target.Begin(TransactionKind.Exclusive, busyTimeout);
    }

    /// <summary>Makes a new file. If that fails, or <paramref name="progress"/> throws, the file is removed.</summary>
    /// <param name="source">What is copied.</param>
    /// <param name="path">A file that is not there, or empty; or <see cref="DatabaseOptions.MemoryPath"/>, which is gone at once.</param>
    /// <param name="busyTimeout">How long the copy waits for others on the new file.</param>
    /// <param name="progress">Told the bytes of rows and keys so far, again and again.</param>
    public static void ToFile(Transaction source, string path, TimeSpan busyTimeout, Action<long> progress)
    {
        bool isFile = path != DatabaseOptions.MemoryPath;
        if (isFile && File.Exists(path) && new FileInfo(path).Length > 0)
        {
            throw new SluiceException(ResultCode.Error, "output file already exists");
        }

        DatabaseOptions options = new() { Serve = false, Store = new StoreOptions { PageSize = source.Pages.PageSize } };
        try
        {
            using Database copy = Database.Open(path, options);
            new DatabaseCopy(source, copy.Store, busyTimeout, progress, inPortions: true).Run();
        }
        catch when (isFile)
        {
            PosixFileSystem.Instance.Delete(path);
            throw;
        }
    }

    /// <summary>Puts the copy in the place of all that is in a database, in one transaction.</summary>
    public static void Into(Transaction source, Store target, TimeSpan busyTimeout, Action<long> progress) =>
        new DatabaseCopy(source, target, busyTimeout, progress, inPortions: false).Run();

    private void Run()
    {
        try
        {
            foreach ((long rowid, SchemaRow row) in SchemaRows.All(_writer))
            {
                if (row.RootPage != 0)
                {
                    _writer.Trees.Drop(row.RootPage);
                }

                SchemaRows.Remove(_writer, rowid);
            }

            // The schema comes last: until then a file that is being made has only pages that nobody refers to.
            List<SchemaRow> rows = [];
            foreach ((_, SchemaRow row) in SchemaRows.All(_source))
            {
                rows.Add(row.RootPage == 0 ? row : row with { RootPage = CopyTree(row) });
            }

            foreach (SchemaRow row in rows)
            {
                SchemaRows.Add(_writer, row);
            }

            DatabaseHeader header = DatabaseHeader.Parse(_source.Pages.Read(1), _source.Pages.Path);
            _writer.ExclusivePages.UserVersion = header.UserVersion;
            _writer.ExclusivePages.ApplicationId = header.ApplicationId;
            _writer.SchemaChanged();
            _writer.Commit();
        }
        finally
        {
            _writer.Dispose();
        }
    }

    private uint CopyTree(in SchemaRow row)
    {
        KeyOrder? order = row.Type == "index" && _source.Schema.TryGetIndex(row.Name, out TableIndex? index) ? index.Order
            : _source.Schema.TryGetTable(row.Name, out Table? table) ? table.KeyOrder
            : throw new SluiceException(ResultCode.Error, $"{row.Type} {row.Name} cannot be copied");
        if (order is null)
        {
            uint root = _writer.Trees.CreateTable();
            RowCursor rows = _source.OpenRows(row.RootPage);
            for (bool any = rows.MoveFirst(); any; any = rows.MoveNext())
            {
                ReadOnlySpan<byte> record = rows.Record.Span;
                _writer.Trees.PutRow(root, rows.Rowid, record);
                Count(record.Length);
            }

            return root;
        }

        uint keyed = _writer.Trees.CreateIndex();
        KeyCursor keys = _source.OpenKeys(row.RootPage, order);
        for (bool any = keys.MoveFirst(); any; any = keys.MoveNext())
        {
            ReadOnlySpan<byte> key = keys.Key.Span;
            _writer.Trees.PutKey(keyed, order, key);
            Count(key.Length);
        }

        return keyed;
    }

    private void Count(int bytes)
    {
        _bytes += bytes;
        if (_bytes - _told < StepBytes)
        {
            return;
        }

        _told = _bytes;
        _progress(_bytes);
        if (_inPortions && _bytes - _committed >= PortionBytes)
        {
            _committed = _bytes;
            _writer.Commit();
            _writer.Dispose();
            _writer = _target.Begin(TransactionKind.Exclusive, _busyTimeout);
        }
    }
}
