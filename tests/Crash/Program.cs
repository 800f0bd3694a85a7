using System.CommandLine;
using Sluice.Crash;

// What happens to a database when processes are killed, the power goes, the disk is full or a reader does not end: each command runs real processes on real files,
// checks them with stock sqlite3, prints its figures, and ends with 1 when something acknowledged is lost or anything is there in part.
RootCommand root = new("Kills processes, cuts the power and fills disks, and looks what is left.")
{
    TakeOver.CreateCommand(),
    PowerCut.CreateCommand(),
    FullDisk.CreateCommand(),
    LongReader.CreateCommand(),
    Worker.CreateCommand(),
};
return await root.Parse(args).InvokeAsync();
