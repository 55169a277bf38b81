"""Operators of the domain ai.onnx.ml: pipelines, linear models, support vectors, trees.

What they compute follows onnxruntime where the definition leaves it open. Trees end as TreeEnsembleRegressor
without a transformation of its scores, for which there is native code; everything else ends as operators of
the default domain.
"""

from neo_compiler.graph.rewrites.ml import encoders, features, linear, trees, vectors

REWRITES = {
    "ArrayFeatureExtractor": features.array_feature_extractor,
    "Binarizer": features.binarizer,
    "FeatureVectorizer": features.feature_vectorizer,
    "Imputer": features.imputer,
    "LabelEncoder": encoders.label_encoder,
    "LinearClassifier": linear.linear_classifier,
    "LinearRegressor": linear.linear_regressor,
    "Normalizer": features.normalizer,
    "OneHotEncoder": encoders.one_hot_encoder,
    "SVMClassifier": vectors.svm_classifier,
    "SVMRegressor": vectors.svm_regressor,
    "Scaler": features.scaler,
    "TreeEnsemble": trees.tree_ensemble,
    "TreeEnsembleClassifier": trees.tree_classifier,
    "TreeEnsembleRegressor": trees.tree_regressor,
}
