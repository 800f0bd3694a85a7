using System.Diagnostics;

namespace Sluice.Engine.Data;

/// <summary>
/// The results of methods that have a synchronous and an asynchronous form in one body: run with <c>async: false</c>
/// they never wait, so their result is there when they return.
/// </summary>
internal static class Completed
{
    internal static T Result<T>(ValueTask<T> task)
    {
        Debug.Assert(task.IsCompleted, "A synchronous run must not wait.");
        return task.GetAwaiter().GetResult();
    }

    internal static void Finish(ValueTask task)
    {
        Debug.Assert(task.IsCompleted, "A synchronous run must not wait.");
        task.GetAwaiter().GetResult();
    }
}
