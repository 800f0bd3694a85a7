namespace Sluice.Gateway.Hosting;

/// <summary>The gateway cannot start, or go on, for a reason outside of it; the message says which and what to do.</summary>
public sealed class GatewayException(string message, Exception? inner = null) : Exception(message, inner);
