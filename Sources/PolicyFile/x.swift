// module PolicyFile
