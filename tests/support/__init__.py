"""What tests of several folders share: servers, clusters, processes, small datasets and made-up results."""
