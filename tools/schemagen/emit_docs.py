def files(schema):
    return {}
