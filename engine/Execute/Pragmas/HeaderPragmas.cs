using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Ddl;
using Sluice.Engine.Format;
using Sluice.Engine.Paging;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Pragmas;

/// <summary>PRAGMAs about the file's header and size ("SQLite file format", section 1.3).</summary>
internal static class HeaderPragmas
{
    public static IReadOnlyList<SqlValue[]> UserVersion(PragmaCall call)
    {
        if (call.HasValue)
        {
            PagesToWrite(call).UserVersion = call.Int32;
        }

        return One(Header(call).UserVersion);
    }

    public static IReadOnlyList<SqlValue[]> ApplicationId(PragmaCall call)
    {
        if (call.HasValue)
        {
            PagesToWrite(call).ApplicationId = call.Int32;
        }

        return One(Header(call).ApplicationId);
    }

    /// <summary>To set it would let others read tables by an old schema.</summary>
    public static IReadOnlyList<SqlValue[]> SchemaVersion(PragmaCall call)
    {
        if (call.HasValue)
        {
            call.Session.RequireNotQueryOnly();
            throw DdlStatements.Refused("PRAGMA schema_version with a value");
        }

        return One(Header(call).SchemaCookie);
    }

    /// <summary>
    /// The number of the newest commit, so it changes with those of this connection, too. Where another process owns the file: its change counter,
    /// which a checkpoint raises.
    /// </summary>
    public static IReadOnlyList<SqlValue[]> DataVersion(PragmaCall call)
    {
        Store store = call.Database.Store;
        return One(store.IsOwner ? store.Statistics.DurableTimestamp : Header(call).ChangeCounter);
    }

    /// <summary>A value has an effect in SQLite only before the file is made; here the file is always made.</summary>
    public static IReadOnlyList<SqlValue[]> PageSize(PragmaCall call) => One(call.Transaction.Pages.PageSize);

    public static IReadOnlyList<SqlValue[]> PageCount(PragmaCall call) => One(call.Transaction.Pages.PageCount);

    public static IReadOnlyList<SqlValue[]> FreelistCount(PragmaCall call) => One(Header(call).FreelistCount);

    /// <summary>As the pragma of SQLite's checksum VFS: whether pages are verified as they are read. It cannot be switched off.</summary>
    public static IReadOnlyList<SqlValue[]> ChecksumVerification(PragmaCall call) => One(call.Session.Database.Store.Pager.ChecksumsAreValid ? 1 : 0);

    public static IReadOnlyList<SqlValue[]> AutoVacuum(PragmaCall call)
    {
        DatabaseHeader header = Header(call);
        return One(!header.IsAutoVacuum ? 0 : header.IncrementalVacuum == 0 ? 1 : 2);
    }

    /// <summary>As in SQLite a value counts as long as there is nothing yet that was written in another encoding.</summary>
    public static IReadOnlyList<SqlValue[]> Encoding(PragmaCall call)
    {
        string name = call.Text.ToUpperInvariant();
        return call.Home.Tables.Any(table => table.Name != Schema.SchemaTableName) || name is "" or "UTF-8" or "UTF8" ? [[SqlValue.FromText("UTF-8")]]
            : name is "UTF-16" or "UTF-16LE" or "UTF-16BE" or "UTF16" or "UTF16LE" or "UTF16BE" ? throw DdlStatements.Refused($"the encoding {call.Text}")
            : throw new SluiceException(ResultCode.Error, $"unsupported encoding: {call.Text}");
    }

    private static PageTransaction PagesToWrite(PragmaCall call)
    {
        call.Session.RequireNotQueryOnly();
        call.Session.RequireWritable(call.Whole.Schemas, call.Home);
        call.Transaction.BecomeExclusive();
        return call.Transaction.ExclusivePages;
    }

    private static DatabaseHeader Header(PragmaCall call)
    {
        IPageSource pages = call.Transaction.Pages;
        return pages.PageCount == 0 ? new DatabaseHeader { PageSize = pages.PageSize } : DatabaseHeader.Parse(pages.Read(1), pages.Path);
    }

    private static SqlValue[][] One(long value) => [[SqlValue.FromInteger(value)]];
}
