using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Files;
using Sluice.Engine.Format;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Tests.Transactions;

/// <summary>Tables and rows for tests below SQL: table t(a, b) with optional indexes on a, and short ways to read and write it.</summary>
internal static class StoreFixture
{
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    public static Store OpenMemory(StoreOptions? options = null) =>
        Store.Open(new MemoryFileSystem(), "test.db", options ?? new StoreOptions { CheckpointInterval = TimeSpan.FromDays(1) });

    public static StoreOptions Quiet => new() { CheckpointInterval = TimeSpan.FromDays(1) };

    /// <summary>CREATE TABLE name(a, b), with an index on a if asked for.</summary>
    public static Table CreateTable(this Store store, string name = "t", bool index = false, bool unique = false)
    {
        using Transaction tx = store.Begin(TransactionKind.Exclusive, Timeout);
        uint root = tx.Trees.CreateTable();
        PutSchemaRow(tx, "table", name, name, root, $"CREATE TABLE {name}(a, b)");
        if (index || unique)
        {
            uint indexRoot = tx.Trees.CreateIndex();
            PutSchemaRow(tx, "index", $"{name}_a", name, indexRoot, $"CREATE {(unique ? "UNIQUE " : "")}INDEX {name}_a ON {name}(a)");
        }

        tx.SchemaChanged();
        tx.Commit();
        return store.Read(reader => reader.Table(name));
    }

    public static Table Table(this Transaction tx, string name = "t")
    {
        Assert.True(tx.Schema.TryGetTable(name, out Table? table));
        return table;
    }

    public static T Read<T>(this Store store, Func<Transaction, T> read)
    {
        using Transaction tx = store.Begin(TransactionKind.Deferred, Timeout);
        return read(tx);
    }

    /// <summary>Runs work in a transaction and commits it.</summary>
    public static void Write(this Store store, Action<Transaction> work, TransactionKind kind = TransactionKind.Concurrent)
    {
        using Transaction tx = store.Begin(kind, Timeout);
        work(tx);
        tx.Commit();
    }

    public static long Insert(this Transaction tx, Table table, SqlValue a, SqlValue b, long? rowid = null)
    {
        long id = rowid ?? tx.AllocateRowid(table.RootPage);
        byte[] record = RecordWriter.Encode([a, b]);
        tx.PutRow(table.RootPage, id, record);
        foreach (TableIndex index in table.Indexes)
        {
            tx.PutKey(index.RootPage, index.Order, new IndexKeys(table).Build(index, new Payload(record, 0, record.Length), id)!);
        }

        return id;
    }

    public static long Insert(this Transaction tx, Table table, long a, string b = "") =>
        tx.Insert(table, SqlValue.FromInteger(a), SqlValue.FromText(b));

    public static void Delete(this Transaction tx, Table table, long rowid)
    {
        RowCursor rows = tx.OpenRows(table.RootPage);
        Assert.True(rows.SeekExact(rowid));
        foreach (TableIndex index in table.Indexes)
        {
            tx.DeleteKey(index.RootPage, index.Order, new IndexKeys(table).Build(index, rows.Record, rowid)!);
        }

        tx.DeleteRow(table.RootPage, rowid);
    }

    public static void Update(this Transaction tx, Table table, long rowid, long a, string b = "")
    {
        tx.Delete(table, rowid);
        tx.Insert(table, SqlValue.FromInteger(a), SqlValue.FromText(b), rowid);
    }

    /// <summary>Column a of a row; null without the row.</summary>
    public static long? ReadA(this Transaction tx, Table table, long rowid)
    {
        RowCursor rows = tx.OpenRows(table.RootPage);
        return rows.SeekExact(rowid) ? DecodeA(rows.Record) : null;
    }

    public static List<(long Rowid, long A)> Rows(this Transaction tx, Table table)
    {
        List<(long, long)> found = [];
        RowCursor rows = tx.OpenRows(table.RootPage);
        for (bool any = rows.MoveFirst(); any; any = rows.MoveNext())
        {
            found.Add((rows.Rowid, DecodeA(rows.Record)));
        }

        return found;
    }

    /// <summary>The entries of the table's first index: column a and rowid.</summary>
    public static List<(long A, long Rowid)> Keys(this Transaction tx, Table table)
    {
        List<(long, long)> found = [];
        TableIndex index = table.Indexes[0];
        KeyCursor keys = tx.OpenKeys(index.RootPage, index.Order);
        for (bool any = keys.MoveFirst(); any; any = keys.MoveNext())
        {
            found.Add((DecodeA(keys.Key), keys.Rowid));
        }

        return found;
    }

    public static ResultCode CodeOf(Action action) => Assert.Throws<SluiceException>(action).Code;

    /// <summary>Waits for something that another thread brings about.</summary>
    public static void WaitUntil(Func<bool> condition, string what)
    {
        long deadline = Environment.TickCount64 + 60_000;
        while (!condition())
        {
            Assert.True(Environment.TickCount64 < deadline, $"waited in vain for: {what}");
            Thread.Yield();
        }
    }

    public static long DecodeA(Payload record)
    {
        var reader = default(RecordReader);
        reader.Reset(record);
        return reader.Get(0).Integer;
    }

    private static void PutSchemaRow(Transaction tx, string type, string name, string table, uint root, string sql)
    {
        byte[] record = RecordWriter.Encode([
            SqlValue.FromText(type), SqlValue.FromText(name), SqlValue.FromText(table), SqlValue.FromInteger(root), SqlValue.FromText(sql)]);
        tx.PutRow(1, tx.AllocateRowid(1), record);
    }
}
