// module CommandLine
