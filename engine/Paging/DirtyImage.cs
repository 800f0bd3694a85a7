namespace Sluice.Engine.Paging;

/// <summary>
/// The new image of a page in a commit, or its old one. <see cref="IsUnread"/> says that the page was free: what it held before does not matter and
/// was not looked at.
/// </summary>
internal readonly record struct DirtyImage(uint Page, byte[] Image, bool IsUnread = false);
