namespace Sluice.Gateway.Hosting;

/// <summary>The gateway cannot start for a reason outside of it; the message says which and what to do.</summary>
public sealed class StartException(string message, Exception? inner = null) : Exception(message, inner);
