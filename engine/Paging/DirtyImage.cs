namespace Sluice.Engine.Paging;

/// <summary>The new image of a page in a commit, or its old one.</summary>
internal readonly record struct DirtyImage(uint Page, byte[] Image);
