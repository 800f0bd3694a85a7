namespace Sluice.Engine.Paging;

/// <summary>Makes the errors about pages whose bytes cannot be what they should be.</summary>
internal static class CorruptPage
{
    public static CorruptFileException At(IPageSource source, uint page, string reason) => new(source.Path, $"page {page}", reason);

    public static CorruptFileException At(IPageSource source, uint page, int cell, string reason) =>
        new(source.Path, $"page {page} cell {cell}", reason);
}
