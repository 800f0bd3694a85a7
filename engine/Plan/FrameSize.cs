namespace Sluice.Engine.Plan;

/// <summary>How many of each thing an execution of a statement needs.</summary>
internal readonly record struct FrameSize(int Sources, int Slots, int Subplans);
