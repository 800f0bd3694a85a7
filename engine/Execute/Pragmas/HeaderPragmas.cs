using Sluice.Engine.Execute.Ddl;
using Sluice.Engine.Format;
using Sluice.Engine.Paging;

namespace Sluice.Engine.Execute.Pragmas;

/// <summary>PRAGMAs about the file's header and size ("SQLite file format", section 1.3).</summary>
internal static class HeaderPragmas
{
    public static IReadOnlyList<SqlValue[]> UserVersion(PragmaCall call)
    {
        if (call.HasValue)
        {
            call.Transaction.BecomeExclusive();
            call.Transaction.ExclusivePages.UserVersion = (int)call.Integer;
        }

        return One(Header(call).UserVersion);
    }

    public static IReadOnlyList<SqlValue[]> ApplicationId(PragmaCall call)
    {
        if (call.HasValue)
        {
            call.Transaction.BecomeExclusive();
            call.Transaction.ExclusivePages.ApplicationId = (int)call.Integer;
        }

        return One(Header(call).ApplicationId);
    }

    /// <summary>To set it would let others read tables by an old schema.</summary>
    public static IReadOnlyList<SqlValue[]> SchemaVersion(PragmaCall call) =>
        call.HasValue ? throw DdlStatements.Refused("PRAGMA schema_version with a value") : One(Header(call).SchemaCookie);

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

    public static IReadOnlyList<SqlValue[]> Encoding(PragmaCall call)
    {
        string name = call.Text.ToUpperInvariant();
        return name switch
        {
            "" or "UTF-8" or "UTF8" => [[SqlValue.FromText("UTF-8")]],
            _ when name.StartsWith("UTF-16", StringComparison.Ordinal) || name.StartsWith("UTF16", StringComparison.Ordinal) =>
                throw DdlStatements.Refused($"the encoding {call.Text}"),
            _ => throw new SluiceException(ResultCode.Error, $"unsupported encoding: {call.Text}"),
        };
    }

    private static DatabaseHeader Header(PragmaCall call)
    {
        IPageSource pages = call.Transaction.Pages;
        return pages.PageCount == 0 ? new DatabaseHeader { PageSize = pages.PageSize } : DatabaseHeader.Parse(pages.Read(1), pages.Path);
    }

    private static SqlValue[][] One(long value) => [[SqlValue.FromInteger(value)]];
}
