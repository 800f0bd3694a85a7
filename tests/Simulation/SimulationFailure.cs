namespace Sluice.Simulation;

/// <summary>An invariant is broken, or the simulation itself could not go on.</summary>
public sealed class SimulationFailure(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The power is gone, or the process killed: nothing that this process does counts any more.</summary>
internal sealed class PowerCutException : Exception;
